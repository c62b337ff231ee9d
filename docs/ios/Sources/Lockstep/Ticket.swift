import Foundation

/// What lets the app speak for its user: minted by Lockstep for your backend, which hands it on as it is.
public struct Ticket: Codable, Equatable, Sendable {
    public var ticket: String
    public var expiresAt: Date
    /// Of the tracking page, for a ticket that names an order: a link that your customer may pass on.
    public var trackingPath: String?

    public init(ticket: String, expiresAt: Date, trackingPath: String? = nil) {
        self.ticket = ticket
        self.expiresAt = expiresAt
        self.trackingPath = trackingPath
    }

    /// Read the answer of `POST /v1/tickets`.
    public static func read(_ answer: Data) throws -> Ticket {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .iso8601
        return try decoder.decode(Ticket.self, from: answer)
    }
}

/// Keeps the ticket of one user in memory, and asks your backend for another before it runs out.
actor TicketDesk {
    /// A ticket that lasts no longer than this is not used any more.
    static let marginSeconds: TimeInterval = 60

    private let provide: @Sendable () async throws -> Ticket
    private var held: Ticket?

    init(provide: @escaping @Sendable () async throws -> Ticket) {
        self.provide = provide
    }

    /// Give a ticket.
    ///
    /// - Parameter refused: A ticket that Lockstep did not take: the phone's clock may be wrong.
    func ticket(insteadOf refused: Ticket? = nil, now: Date = Date()) async throws -> Ticket {
        if let held, held != refused, held.expiresAt.timeIntervalSince(now) > Self.marginSeconds {
            return held
        }
        let fresh = try await provide()
        held = fresh
        return fresh
    }
}
