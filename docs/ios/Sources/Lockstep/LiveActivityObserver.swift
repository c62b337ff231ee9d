#if canImport(ActivityKit) && os(iOS) && !targetEnvironment(macCatalyst)
import ActivityKit
import Foundation
import LockstepCards
import UIKit

/// Observes the cards of one attributes type and does with them what Lockstep says.
///
/// `Activity` is not `Sendable`: functions that touch one are not isolated and find it anew by its id, and what goes
/// from one place to another are values.
public actor LiveActivityObserver<Attributes: ActivityAttributes & CardAttributes>
where Attributes.ContentState: Sendable {
    public typealias ContentChanged = @Sendable (Attributes, Attributes.ContentState) async -> Bool

    /// As long as a card that the app shows may go without news before iOS calls it stale.
    static var staleSeconds: TimeInterval { 3_600 }

    private let client: LockstepClient
    private let contentChanged: ContentChanged
    private var met: Set<String> = []
    private var living: [String: String] = [:]
    private var followers: [String: [Task<Void, Never>]] = [:]
    private var isStarted = false

    /// Make an observer, one for each attributes type.
    ///
    /// - Parameter contentChanged: Is told what each card shows, so that the app can bring its image into the App Group;
    ///   true draws the card again.
    public init(client: LockstepClient, contentChanged: @escaping ContentChanged = { _, _ in false }) {
        self.client = client
        self.contentChanged = contentChanged
    }

    /// Begin to observe. Call it from `didFinishLaunching`, also when iOS launches the app in the background: it has
    /// only seconds to hand over an update token, and no scene.
    public func start() async {
        guard !isStarted else { return }
        isStarted = true
        await client.attach(Self.attributesType) { [weak self] instruction in
            await self?.obey(instruction)
        }
        Task { [weak self] in
            await Self.followActivities { [weak self] card in await self?.meet(card) }
        }
        Task { [client] in await Self.followStartToken(client) }
        Task { [client] in await Self.followEnablement(client) }
        Task { [client] in await Self.followFrequentPushes(client) }
        await Self.tellPermissions(client)
        // iOS does not tell a token that did not change again
        await Self.tellStartToken(client)
        for card in Self.present() {
            await meet(card)
        }
    }

    /// Look at all cards again. Call it whenever the app comes to the foreground, before `LockstepClient.launch`.
    public func refresh() async {
        await Self.tellPermissions(client)
        await Self.tellStartToken(client)
        let cards = Self.present()
        for card in cards {
            await meet(card)
            if !isTwin(card) {
                await client.record(card)
            }
        }
        await client.reconcile(Self.attributesType, present: Set(cards.map(\.activityId)))
    }

    /// Start a card from the app, in the foreground; Lockstep learns of it and goes on from there.
    ///
    /// - Returns: ActivityKit's id.
    /// - Throws: `ActivityAuthorizationError`: switched off, too many cards, or not in the foreground.
    @MainActor
    @discardableResult
    public static func begin(_ attributes: Attributes, content: Attributes.ContentState) throws -> String {
        let content = ActivityContent(state: content, staleDate: Date().addingTimeInterval(staleSeconds))
        return try Activity<Attributes>.request(attributes: attributes, content: content, pushType: .token).id
    }

    // MARK: What Lockstep says

    private func obey(_ instruction: Instruction) async {
        switch instruction {
        case .end(let activityId):
            await Self.end(activityId)
        case .show(let activityId, let content, let sentAt):
            do {
                let state = try content.decoded(as: Attributes.ContentState.self)
                await Self.show(state, on: activityId, sentAt: sentAt)
            } catch {
                await client.note(.unreadable(what: Self.attributesType, text: "\(error)"))
            }
        case .start(let missing):
            do {
                try await Self.begin(missing)
            } catch {
                await client.note(.notStarted(cardId: missing.cardId, text: "\(error)"))
            }
        }
    }

    private static func end(_ activityId: String) async {
        await find(activityId)?.end(nil, dismissalPolicy: .immediate)
    }

    private static func show(_ state: Attributes.ContentState, on activityId: String, sentAt: Date?) async {
        guard let activity = find(activityId), activity.content.state != state else { return }
        let soonest = Date().addingTimeInterval(staleSeconds)
        let content = ActivityContent(
            state: state,
            staleDate: max(activity.content.staleDate ?? soonest, soonest),
            relevanceScore: activity.content.relevanceScore
        )
        if #available(iOS 17.2, *), let sentAt {
            // by Lockstep's clock, as pushes are; one that was sent within the same second may be newer
            await activity.update(content, timestamp: sentAt.addingTimeInterval(-1))
        } else {
            await activity.update(content)
        }
    }

    /// Start a missing card, if the app may now and it has not come meanwhile; else the next launch asks again.
    @MainActor
    private static func begin(_ missing: MissingCard) throws {
        guard UIApplication.shared.applicationState == .active else { return }
        let isThere = present().contains { $0.cardId == missing.cardId && !$0.state.isOver }
        guard !isThere, ActivityAuthorizationInfo().areActivitiesEnabled else { return }
        try begin(
            missing.attributes.decoded(as: Attributes.self),
            content: missing.contentState.decoded(as: Attributes.ContentState.self)
        )
    }

    // MARK: What ActivityKit says

    /// Follow a card that was not met before.
    private func meet(_ card: KnownCard) async {
        guard !isTwin(card) else {
            await Self.end(card.activityId)
            return
        }
        guard met.insert(card.activityId).inserted else { return }
        if let cardId = card.cardId, !card.state.isOver {
            living[cardId] = card.activityId
        }
        await client.record(card)
        guard !card.state.isOver else { return }
        let activityId = card.activityId
        followers[activityId] = [
            Task { [client] in await Self.followToken(of: activityId, client) },
            Task { [contentChanged] in await Self.followContent(of: activityId, contentChanged) },
        ]
        Task { [weak self, client] in
            await Self.followState(of: activityId, client)
            await self?.leave(card)
        }
    }

    /// Whether another card with the same id of Lockstep's is there already: the app and a push may both have started
    /// it. What becomes of the second says nothing of the first.
    private func isTwin(_ card: KnownCard) -> Bool {
        guard let cardId = card.cardId, let first = living[cardId] else { return false }
        return first != card.activityId
    }

    private func leave(_ card: KnownCard) {
        followers.removeValue(forKey: card.activityId)?.forEach { $0.cancel() }
        if let cardId = card.cardId {
            living[cardId] = nil
        }
    }

    private static func followActivities(_ tell: @Sendable (KnownCard) async -> Void) async {
        for await activity in Activity<Attributes>.activityUpdates {
            await tell(card(of: activity, token: activity.pushToken))
        }
    }

    private static func followToken(of activityId: String, _ client: LockstepClient) async {
        guard let activity = find(activityId) else { return }
        for await token in activity.pushTokenUpdates {
            await client.record(card(of: activity, token: token))
        }
    }

    /// Tell what becomes of a card until it is over.
    private static func followState(of activityId: String, _ client: LockstepClient) async {
        guard let activity = find(activityId) else { return }
        for await state in activity.activityStateUpdates {
            let told = card(of: activity, token: activity.pushToken, state: state)
            await client.record(told)
            if told.state.isOver {
                return
            }
        }
    }

    private static func followContent(of activityId: String, _ contentChanged: @escaping ContentChanged) async {
        guard let activity = find(activityId) else { return }
        if await contentChanged(activity.attributes, activity.content.state) {
            await activity.update(activity.content)
        }
        for await content in activity.contentUpdates {
            if await contentChanged(activity.attributes, content.state) {
                await activity.update(activity.content)
            }
        }
    }

    private static func followStartToken(_ client: LockstepClient) async {
        if #available(iOS 17.2, *) {
            for await token in Activity<Attributes>.pushToStartTokenUpdates {
                await client.setStartToken(hex(token), for: attributesType)
            }
        }
    }

    private static func followEnablement(_ client: LockstepClient) async {
        for await _ in ActivityAuthorizationInfo().activityEnablementUpdates {
            await tellPermissions(client)
            // switched off and on again, the permission may bring a new token
            await tellStartToken(client)
        }
    }

    private static func followFrequentPushes(_ client: LockstepClient) async {
        for await _ in ActivityAuthorizationInfo().frequentPushEnablementUpdates {
            await tellPermissions(client)
        }
    }

    private static func tellPermissions(_ client: LockstepClient) async {
        let permissions = ActivityAuthorizationInfo()
        let (enabled, frequent) = (permissions.areActivitiesEnabled, permissions.frequentPushesEnabled)
        await client.setPermissions(activitiesEnabled: enabled, frequentPushesEnabled: frequent)
    }

    private static func tellStartToken(_ client: LockstepClient) async {
        if #available(iOS 17.2, *), let token = Activity<Attributes>.pushToStartToken {
            await client.setStartToken(hex(token), for: attributesType)
        }
    }

    // MARK: Activities as values

    /// The type's bare name, which a start names.
    private static var attributesType: String { String(describing: Attributes.self) }

    private static func find(_ activityId: String) -> Activity<Attributes>? {
        Activity<Attributes>.activities.first { $0.id == activityId }
    }

    /// Give all cards, those that are over last.
    private static func present() -> [KnownCard] {
        let cards = Activity<Attributes>.activities.map { card(of: $0, token: $0.pushToken) }
        return cards.filter { !$0.state.isOver } + cards.filter { $0.state.isOver }
    }

    private static func card(
        of activity: Activity<Attributes>, token: Data?, state: ActivityState? = nil
    ) -> KnownCard {
        KnownCard(
            activityId: activity.id,
            cardId: activity.attributes.cardId,
            subject: activity.attributes.subject,
            attributesType: attributesType,
            updateToken: token.map(hex),
            state: cardState(state ?? activity.activityState, hasToken: token != nil)
        )
    }

    private static func cardState(_ state: ActivityState, hasToken: Bool) -> CardState {
        switch state {
        case .ended: return .ended
        case .dismissed: return .dismissed
        default: return hasToken ? .active : .starting
        }
    }

    private static func hex(_ token: Data) -> String {
        token.map { String(format: "%02x", $0) }.joined()
    }
}
#endif
