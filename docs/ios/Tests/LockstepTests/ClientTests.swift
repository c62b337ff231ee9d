import Foundation
import XCTest

@testable import Lockstep

#if canImport(FoundationNetworking)
import FoundationNetworking
#endif

/// Answers the client's requests one by one, and keeps them.
private actor Server {
    private var answers: [(status: Int, body: String)]
    private(set) var requests: [URLRequest] = []

    init(_ answers: [(status: Int, body: String)]) {
        self.answers = answers
    }

    func hasFewer(than count: Int) -> Bool { requests.count < count }

    func answer(_ request: URLRequest) throws -> (Data, URLResponse) {
        requests.append(request)
        guard !answers.isEmpty else { throw URLError(.notConnectedToInternet) }
        let next = answers.removeFirst()
        let response = HTTPURLResponse(url: request.url!, statusCode: next.status, httpVersion: nil, headerFields: nil)!
        return (Data(next.body.utf8), response)
    }
}

final class ClientTests: XCTestCase {
    private let nothing = #"{"deviceId":"d","cards":[],"missing":[]}"#

    private func makeClient(_ server: Server, complain: @escaping @Sendable (Complaint) -> Void = { _ in }) throws
        -> LockstepClient
    {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        return try LockstepClient(
            server: URL(string: "http://127.0.0.1:8080")!,
            facts: AppFacts(app: "com.example.shop", environment: "sandbox", iosVersion: "18.1.0"),
            file: InstallationFile(directory: directory),
            send: { try await server.answer($0) },
            complain: complain
        )
    }

    private func card(_ state: CardState = .starting, token: String? = nil) -> KnownCard {
        KnownCard(
            activityId: "A1", cardId: "c1", subject: "order-1", attributesType: "OrderAttributes", updateToken: token,
            state: state
        )
    }

    private let ticket: @Sendable () async throws -> Ticket = {
        Ticket(ticket: "t", expiresAt: Date().addingTimeInterval(3_600))
    }

    /// Wait until the server has so many requests.
    private func requests(_ count: Int, at server: Server) async -> [URLRequest] {
        while await server.hasFewer(than: count) {
            await Task.yield()
        }
        return await server.requests
    }

    func testNothingIsSentBeforeSomebodyIsSignedInAndTheLaunchIsOver() async throws {
        let server = Server([(200, nothing)])
        let client = try makeClient(server)
        await client.record(card())
        await client.signIn(customerId: "customer-7", ticket: ticket)
        let before = await server.requests
        XCTAssertTrue(before.isEmpty)
        await client.launch()
        let sent = await requests(1, at: server)
        let report = try JSONDecoder().decode(DeviceReport.self, from: XCTUnwrap(sent[0].httpBody))
        XCTAssertEqual(report.cards.map(\.activityId), ["A1"])
        XCTAssertEqual(sent[0].value(forHTTPHeaderField: "Authorization"), "Bearer t")
    }

    func testARefusedTicketIsRenewedOnce() async throws {
        let server = Server([(401, ""), (200, nothing)])
        let client = try makeClient(server)
        await client.signIn(customerId: "customer-7", ticket: ticket)
        await client.launch()
        let sent = await requests(2, at: server)
        XCTAssertEqual(sent.map(\.httpMethod), ["PUT", "PUT"])
    }

    func testAPhoneThatLockstepForgotIsReportedAnew() async throws {
        let server = Server([(200, nothing), (404, ""), (200, nothing)])
        let client = try makeClient(server)
        await client.signIn(customerId: "customer-7", ticket: ticket)
        await client.launch()
        _ = await requests(1, at: server)
        await client.record(card(.active, token: "00ff"))
        let paths = await requests(3, at: server).map { $0.url!.path }
        XCTAssertTrue(paths[1].hasSuffix("/cards/c1"))
        XCTAssertEqual(paths[2], paths[0])
    }

    func testWhatIsOverIsToldOnce() throws {
        var installation = Installation(deviceId: "d")
        XCTAssertNotNil(installation.record(card(.active, token: "00ff")))
        XCTAssertEqual(installation.reconcile("OrderAttributes", present: []).map(\.state), [.dismissed])
        installation.settle(installation.reportable(most: 50))
        XCTAssertTrue(installation.reportable(most: 50).isEmpty)
        XCTAssertNil(installation.record(card(.active)), "what was swiped away does not come back")
        XCTAssertTrue(installation.reconcile("OrderAttributes", present: []).isEmpty)
        XCTAssertTrue(installation.cards.isEmpty)
    }

    func testATokenStaysUntilThereIsAnother() {
        var installation = Installation(deviceId: "d")
        _ = installation.record(card(.active, token: "00ff"))
        XCTAssertNil(installation.record(card(.starting)))
        XCTAssertEqual(installation.record(card(.active, token: "11ff"))?.updateToken, "11ff")
    }

    func testAnswersAreJudged() {
        func judge(_ status: Int, _ retryAfter: String? = nil, card: Bool = false, attempt: Int = 0) -> Verdict {
            Verdict.judge(status: status, retryAfter: retryAfter, aboutCard: card, attempt: attempt, jitter: 1)
        }
        XCTAssertEqual(judge(204), .settled)
        XCTAssertEqual(judge(401), .renewTicket)
        XCTAssertEqual(judge(404), .refused)
        XCTAssertEqual(judge(404, card: true), .reportAnew)
        XCTAssertEqual(judge(422), .refused)
        XCTAssertEqual(judge(0), .again(afterSeconds: 1))
        XCTAssertEqual(judge(503, "7"), .again(afterSeconds: 7))
        XCTAssertEqual(judge(500, attempt: 40), .again(afterSeconds: 60))
    }

    func testTheProfileTellsTheEnvironment() {
        let profile = "…<key>aps-environment</key>\n\t<string>development</string>…"
        XCTAssertEqual(AppFacts.environment(profile: Data(profile.utf8)), "sandbox")
        XCTAssertEqual(AppFacts.environment(profile: nil), "production")
        XCTAssertEqual(AppFacts.environment(profile: Data("no key".utf8)), "production")
    }
}
