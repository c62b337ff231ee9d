import Foundation

extension OrderAttributes {
    /// The steps that Lockstep knows today, as they stand in `status` and in the history.
    public enum Step: String, CaseIterable, Sendable {
        case placed
        case accepted
        case preparing
        case ready
        case courierAssigned = "courier_assigned"
        case pickedUp = "picked_up"
        case courierArriving = "courier_arriving"
        case delayed
        case delivered
        case cancelled
        case failed
        case note
    }

    /// Give the words for a step; one that this app does not know is shown as it came: `gift_wrapped` is "Gift wrapped".
    ///
    /// - Parameters:
    ///   - step: As it stands in `status` or in the history.
    ///   - translate: The app's own words for the steps it knows; nil takes the plain ones.
    public static func words(for step: String, translate: (Step) -> String? = { _ in nil }) -> String {
        if let known = Step(rawValue: step), let words = translate(known) {
            return words
        }
        let plain = step.replacingOccurrences(of: "_", with: " ")
        return plain.prefix(1).uppercased() + plain.dropFirst()
    }
}

extension OrderAttributes.ContentState {
    /// The time until delivery for `Text(timerInterval:)`; nil when it is unknown, past, or not to be relied on.
    public func remaining(now: Date = Date()) -> ClosedRange<Date>? {
        guard let deliveryDate, deliveryDate > now, !isLate, !isStale else { return nil }
        return now...deliveryDate
    }

    /// Whether the expected time has passed without news.
    public var isLate: Bool { freshness == .late }

    /// Whether nothing was heard for so long that the card should not be believed; treat it as `context.isStale`.
    public var isStale: Bool { freshness == .stale }
}
