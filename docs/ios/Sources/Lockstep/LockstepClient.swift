import Foundation

#if canImport(FoundationNetworking)
import FoundationNetworking
#endif

/// Tells Lockstep what the app knows, and hands on what it answers.
///
/// Everything that the app knows is one state, and every call is made from the newest: there is one request at a time,
/// what changes meanwhile goes with the next, and what failed is made again with what is known by then. So nothing
/// queues up, and no call can arrive after one that is newer.
public actor LockstepClient {
    /// How many cards a launch report may hold.
    static let mostCards = 50

    public typealias Obey = @Sendable (Instruction) async -> Void

    private struct Account: Sendable {
        let customerId: String
        let desk: TicketDesk
        /// Tells this sign-in from the one before: the answer to a call of somebody who left is nobody's.
        let number: Int
    }

    private enum Work {
        case farewell(TicketDesk)
        case launch(Account)
        case card(KnownCard, Account)
    }

    private let line: Line
    private let facts: AppFacts
    private let file: InstallationFile
    private let complain: @Sendable (Complaint) -> Void

    private var installation: Installation
    private var activitiesEnabled = true
    private var frequentPushesEnabled = true
    private var obeyers: [String: Obey] = [:]
    private var onLaunch: (@Sendable () async -> Void)?

    private var account: Account?
    private var isSignedOut = false
    private var signIns = 0
    private var launched = false
    private var launchDue = false
    private var dueCards: [String] = []
    private var farewell: TicketDesk?
    private var running: Task<Void, Never>?
    private var rest: Task<Void, Never>?

    /// Make a client, one for each app.
    ///
    /// - Parameters:
    ///   - server: Lockstep's address, such as `https://lockstep.example.com`.
    ///   - facts: Of the app.
    ///   - file: Where it keeps what outlives a launch.
    ///   - send: Makes a request; `URLSession` unless something else is given.
    ///   - complain: Is told what went wrong for good.
    /// - Throws: The installation cannot be read now, before the first unlock.
    public init(
        server: URL,
        facts: AppFacts = .current(),
        file: InstallationFile,
        send: @escaping @Sendable (URLRequest) async throws -> (Data, URLResponse) = { request in
            try await URLSession.shared.data(for: request)
        },
        complain: @escaping @Sendable (Complaint) -> Void
    ) throws {
        line = Line(server: server, send: send)
        installation = try file.read()
        self.facts = facts
        self.file = file
        self.complain = complain
    }

    // MARK: What the app says

    /// Say who is signed in; `ticket` asks your backend for a ticket for this customer.
    ///
    /// Say it at every launch, before `launch`, and again when somebody else signs in.
    public func signIn(customerId: String, ticket: @escaping @Sendable () async throws -> Ticket) {
        if account?.customerId != customerId {
            signIns += 1
        }
        account = Account(customerId: customerId, desk: TicketDesk(provide: ticket), number: signIns)
        isSignedOut = false
        farewell = nil
        if launched {
            launch()
        }
    }

    /// Report everything: at every launch once cards are observed, and whenever the app comes to the foreground.
    public func launch() {
        launched = true
        launchDue = true
        rest?.cancel()
        wake()
    }

    /// End the cards on this phone and sign it out.
    ///
    /// Await it while your backend still knows the user: it needs a ticket. Say it at a launch, too, where nobody is
    /// signed in: cards that come then are ended.
    public func signOut() async {
        let leaving = account
        account = nil
        isSignedOut = true
        signIns += 1
        launchDue = false
        dueCards = []
        let cards = installation.cards
        installation.cards = []
        keep()
        for card in cards where !card.state.isOver {
            await obeyers[card.attributesType]?(.end(activityId: card.activityId))
        }
        // without a ticket nothing can be said; whoever signs in next takes the phone over
        guard let desk = leaving?.desk, (try? await desk.ticket()) != nil, account == nil else { return }
        farewell = desk
        rest?.cancel()
        wake()
    }

    /// Say what the token for ordinary notifications is, in hex.
    public func setAlertToken(_ token: String) {
        guard installation.alertToken != token else { return }
        installation.alertToken = token
        reportChange()
    }

    // MARK: What an observer says

    /// Take the instructions for the cards of an attributes type.
    public func attach(_ attributesType: String, obey: @escaping Obey) {
        obeyers[attributesType] = obey
    }

    /// Do something whenever Lockstep has answered a launch report.
    func afterLaunch(_ act: @escaping @Sendable () async -> Void) {
        onLaunch = act
    }

    /// Say which pictures are on the phone; nil where nobody is signed in, or no answer came.
    func tell(_ pictures: PhoneAssets) async -> AssetErrand? {
        guard let account else { return nil }
        let path = "/v1/devices/\(Line.escaped(installation.deviceId))/assets"
        let call = Line.Call(method: .put, path: path, body: encoded(pictures), aboutCard: true)
        let reply = await line.make(call, with: account.desk, attempt: 0)
        guard account.number == self.account?.number else { return nil }
        refuse(call, reply)
        guard case .answer(let data, _) = reply else { return nil }
        return read(AssetErrand.self, from: data, of: call)
    }

    /// Note a start token, in hex.
    public func setStartToken(_ token: String, for attributesType: String) {
        guard installation.startTokens[attributesType] != token else { return }
        installation.startTokens[attributesType] = token
        reportChange()
    }

    /// Note what the user allows in Settings.
    public func setPermissions(activitiesEnabled: Bool, frequentPushesEnabled: Bool) {
        guard self.activitiesEnabled != activitiesEnabled || self.frequentPushesEnabled != frequentPushesEnabled else {
            return
        }
        self.activitiesEnabled = activitiesEnabled
        self.frequentPushesEnabled = frequentPushesEnabled
        reportChange()
    }

    /// Note what the phone shows of a card. After a sign-out it ends: a Lock Screen is read by anybody.
    public func record(_ card: KnownCard) async {
        if isSignedOut {
            if !card.state.isOver {
                await obeyers[card.attributesType]?(.end(activityId: card.activityId))
            }
            return
        }
        guard let newest = installation.record(card) else { return }
        keep()
        makeDue(newest)
        wake()
    }

    /// Note which cards of an attributes type are on the phone, by ActivityKit's ids.
    public func reconcile(_ attributesType: String, present: Set<String>) {
        for card in installation.reconcile(attributesType, present: present) {
            makeDue(card)
        }
        keep()
        wake()
    }

    /// Pass on what went wrong where a card was to be shown or started.
    public func note(_ complaint: Complaint) {
        complain(complaint)
    }

    // MARK: The calls

    private func reportChange() {
        keep()
        if launched {
            launch()
        }
    }

    private func keep() {
        do {
            try file.write(installation)
        } catch {
            complain(.notKept(text: "\(error)"))
        }
    }

    private func makeDue(_ card: KnownCard) {
        if !card.settled, !dueCards.contains(card.activityId) {
            dueCards.append(card.activityId)
        }
    }

    private func wake() {
        guard running == nil, nextWork() != nil else { return }
        running = Task { await self.run() }
    }

    private func nextWork() -> Work? {
        if let farewell {
            return .farewell(farewell)
        }
        guard launched, let account else { return nil }
        if launchDue {
            return .launch(account)
        }
        for id in dueCards {
            if let card = installation.cards.first(where: { $0.activityId == id }) {
                return .card(card, account)
            }
        }
        return nil
    }

    private func run() async {
        let background = await BackgroundTime()
        var attempt = 0
        while let work = nextWork() {
            if let seconds = await perform(work, attempt: attempt) {
                attempt += 1
                await pause(seconds)
            } else {
                attempt = 0
            }
        }
        running = nil
        await background.end()
    }

    /// Wait; a launch ends the wait, since the user is there.
    private func pause(_ seconds: Double) async {
        let waiting = Task { _ = try? await Task.sleep(nanoseconds: UInt64(seconds * 1_000_000_000)) }
        rest = waiting
        await waiting.value
        rest = nil
    }

    /// Make one call; give the seconds to wait where it is to be made again.
    private func perform(_ work: Work, attempt: Int) async -> Double? {
        switch work {
        case .farewell(let desk): return await sayFarewell(desk, attempt: attempt)
        case .launch(let account): return await reportAll(as: account, attempt: attempt)
        case .card(let card, let account): return await report(card, as: account, attempt: attempt)
        }
    }

    private func sayFarewell(_ desk: TicketDesk, attempt: Int) async -> Double? {
        let call = Line.Call(method: .delete, path: "/v1/devices/\(Line.escaped(installation.deviceId))")
        let reply = await line.make(call, with: desk, attempt: attempt)
        guard farewell === desk else { return nil }
        if case .again(let seconds) = reply {
            return seconds
        }
        farewell = nil
        // 404: the phone is not this user's any more, which is what was asked for
        if case .refused(let status, _) = reply, status != 404 {
            refuse(call, reply)
        }
        return nil
    }

    private func reportAll(as account: Account, attempt: Int) async -> Double? {
        let told = installation.reportable(most: Self.mostCards)
        launchDue = false
        dueCards.removeAll { id in told.contains { $0.activityId == id } }
        let path = "/v1/devices/\(Line.escaped(installation.deviceId))"
        let call = Line.Call(method: .put, path: path, body: encoded(deviceReport(of: account, told)))
        let reply = await line.make(call, with: account.desk, attempt: attempt)
        guard account.number == self.account?.number else { return nil }
        if case .again(let seconds) = reply {
            launchDue = true
            return seconds
        }
        guard case .answer(let data, let sentAt) = reply else {
            refuse(call, reply)
            return nil
        }
        settle(told)
        if let answer = read(LaunchAnswer.self, from: data, of: call) {
            for card in answer.cards {
                await obey(card, sentAt: sentAt)
            }
            for missing in answer.missing {
                await obeyers[missing.attributesType]?(.start(missing))
            }
        }
        if let onLaunch {
            Task { await onLaunch() }
        }
        return nil
    }

    private func report(_ card: KnownCard, as account: Account, attempt: Int) async -> Double? {
        dueCards.removeAll { $0 == card.activityId }
        let device = Line.escaped(installation.deviceId)
        let named = Line.escaped(card.cardId ?? card.activityId)
        let path = "/v1/devices/\(device)/cards/\(named)"
        let call = Line.Call(method: .put, path: path, body: encoded(CardReport(card)), aboutCard: true)
        let reply = await line.make(call, with: account.desk, attempt: attempt)
        guard account.number == self.account?.number else { return nil }
        switch reply {
        case .answer(let data, let sentAt):
            settle([card])
            if let answer = read(CardAnswer.self, from: data, of: call) {
                await obey(answer, sentAt: sentAt)
            }
            return nil
        case .again(let seconds):
            makeDue(card)
            return seconds
        case .reportAnew:
            launchDue = true
            return nil
        case .refused:
            refuse(call, reply)
            return nil
        }
    }

    private func deviceReport(of account: Account, _ cards: [KnownCard]) -> DeviceReport {
        DeviceReport(
            app: facts.app,
            environment: facts.environment,
            iosVersion: facts.iosVersion,
            customerId: account.customerId,
            appBuild: facts.appBuild,
            locale: facts.locale,
            activitiesEnabled: activitiesEnabled,
            frequentPushesEnabled: frequentPushesEnabled,
            startTokens: installation.startTokens,
            alertToken: installation.alertToken,
            cards: cards.map { LaunchCardReport($0) },
            tags: facts.tags
        )
    }

    private func settle(_ told: [KnownCard]) {
        installation.settle(told)
        keep()
    }

    private func obey(_ answer: CardAnswer, sentAt: Date?) async {
        guard let card = installation.card(of: answer), let obey = obeyers[card.attributesType] else { return }
        if answer.end {
            await obey(.end(activityId: card.activityId))
        } else if let content = answer.contentState {
            await obey(.show(activityId: card.activityId, content: content, sentAt: sentAt))
        }
    }

    /// None of the reports holds anything that JSON cannot.
    private func encoded(_ report: some Encodable) -> Data? {
        try? JSONEncoder().encode(report)
    }

    private func read<Answer: Decodable>(_ type: Answer.Type, from data: Data, of call: Line.Call) -> Answer? {
        do {
            return try JSONDecoder().decode(type, from: data)
        } catch {
            complain(.unreadable(what: "\(call.method.rawValue) \(call.path)", text: "\(error)"))
            return nil
        }
    }

    private func refuse(_ call: Line.Call, _ reply: Line.Reply) {
        guard case .refused(let status, let text) = reply else { return }
        complain(.refused(method: call.method.rawValue, path: call.path, status: status, text: text))
    }
}
