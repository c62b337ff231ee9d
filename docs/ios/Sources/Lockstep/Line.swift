import Foundation

#if canImport(FoundationNetworking)
import FoundationNetworking
#endif

/// The way to Lockstep: makes one call, once, with a ticket that is good.
struct Line: Sendable {
    typealias Send = @Sendable (URLRequest) async throws -> (Data, URLResponse)

    enum Method: String, Sendable {
        case put = "PUT"
        case delete = "DELETE"
    }

    struct Call: Sendable {
        var method: Method
        var path: String
        var body: Data?
        var aboutCard = false
    }

    enum Reply: Sendable {
        /// `sentAt` is the time by Lockstep's clock.
        case answer(Data, sentAt: Date?)
        case again(afterSeconds: Double)
        case reportAnew
        case refused(status: Int, text: String)
    }

    static let timeoutSeconds: TimeInterval = 30

    let server: URL
    let send: Send

    func make(_ call: Call, with desk: TicketDesk, attempt: Int) async -> Reply {
        var refused: Ticket?
        while true {
            let ticket: Ticket
            do {
                ticket = try await desk.ticket(insteadOf: refused)
            } catch {
                return .again(afterSeconds: Self.pause(attempt))
            }
            let answer = try? await send(request(for: call, ticket: ticket))
            let http = answer?.1 as? HTTPURLResponse
            let status = http?.statusCode ?? 0
            let verdict = Verdict.judge(
                status: status,
                retryAfter: http?.value(forHTTPHeaderField: "Retry-After"),
                aboutCard: call.aboutCard,
                attempt: attempt,
                jitter: Double.random(in: 0.5...1)
            )
            switch verdict {
            case .settled:
                return .answer(answer?.0 ?? Data(), sentAt: http.flatMap(Self.date))
            case .again(let seconds):
                return .again(afterSeconds: seconds)
            case .reportAnew:
                return .reportAnew
            case .renewTicket where refused == nil:
                refused = ticket
            case .renewTicket, .refused:
                return .refused(status: status, text: String(decoding: answer?.0 ?? Data(), as: UTF8.self))
            }
        }
    }

    /// Escape an id for a path.
    static func escaped(_ id: String) -> String {
        id.addingPercentEncoding(
            withAllowedCharacters: .urlPathAllowed.subtracting(CharacterSet(charactersIn: "/"))
        ) ?? id
    }

    private func request(for call: Call, ticket: Ticket) -> URLRequest {
        let base = server.absoluteString
        let root = base.hasSuffix("/") ? String(base.dropLast()) : base
        var request = URLRequest(url: URL(string: root + call.path) ?? server, timeoutInterval: Self.timeoutSeconds)
        request.httpMethod = call.method.rawValue
        request.httpBody = call.body
        request.setValue("Bearer \(ticket.ticket)", forHTTPHeaderField: "Authorization")
        if call.body != nil {
            request.setValue("application/json", forHTTPHeaderField: "Content-Type")
        }
        return request
    }

    private static func pause(_ attempt: Int) -> Double {
        let verdict = Verdict.judge(
            status: 0, retryAfter: nil, aboutCard: false, attempt: attempt, jitter: Double.random(in: 0.5...1)
        )
        guard case .again(let seconds) = verdict else { return Verdict.longestSeconds }
        return seconds
    }

    /// Read `Date` of an answer.
    private static func date(of answer: HTTPURLResponse) -> Date? {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(identifier: "GMT")
        formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss zzz"
        return answer.value(forHTTPHeaderField: "Date").flatMap(formatter.date(from:))
    }
}
