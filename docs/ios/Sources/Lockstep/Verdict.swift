import Foundation

/// What an answer of Lockstep means for the call.
enum Verdict: Equatable, Sendable {
    case settled
    /// Make it again later, with what is known by then.
    case again(afterSeconds: Double)
    /// Make it again at once with another ticket; when that is refused too, the call is.
    case renewTicket
    /// Lockstep does not know the phone, or the card is not its: send the whole report.
    case reportAnew
    case refused

    static let firstSeconds = 1.0
    static let longestSeconds = 60.0

    /// Judge an answer.
    ///
    /// - Parameters:
    ///   - status: Of HTTP; 0 where there was no answer.
    ///   - retryAfter: The header, in seconds.
    ///   - aboutCard: Whether the call was about one card.
    ///   - attempt: 0 for the first try.
    ///   - jitter: 0.5 to 1, so that phones do not all come back at once.
    static func judge(
        status: Int, retryAfter: String?, aboutCard: Bool, attempt: Int, jitter: Double
    ) -> Verdict {
        switch status {
        case 200..<300: return .settled
        case 401: return .renewTicket
        case 404 where aboutCard: return .reportAnew
        case 0, 408, 425, 429, 500...:
            let pause = min(longestSeconds, firstSeconds * pow(2, Double(min(attempt, 16)))) * jitter
            let asked = retryAfter.flatMap { Double($0) } ?? 0
            return .again(afterSeconds: max(pause, min(asked, longestSeconds)))
        default: return .refused
        }
    }
}

/// What went wrong for good: worth a line in your log, never a loop.
public enum Complaint: Equatable, Sendable {
    /// Lockstep refused a call; `text` is its problem document, which names the field.
    case refused(method: String, path: String, status: Int, text: String)
    /// An answer, or the content of a card, cannot be decoded.
    case unreadable(what: String, text: String)
    /// ActivityKit did not start a card that is missing.
    case notStarted(cardId: String, text: String)
    /// The file of the installation cannot be written.
    case notKept(text: String)
}
