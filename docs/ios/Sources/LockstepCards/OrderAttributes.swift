/// The default card: what it is started with and keeps, and in `ContentState` what changes.
///
/// Times are whole Unix seconds in plain numbers, because ActivityKit decodes with the default strategies: a `Date`
/// would be read as seconds since 2001. Words that a newer Lockstep may add to are strings and no enums, because one
/// unknown case fails the whole decode, and the card then stands still without an error anywhere.
public struct OrderAttributes: CardAttributes, Hashable {
    public var cardId: String?
    public var orderId: String
    public var orderNumber: String?
    public var merchantName: String

    public init(cardId: String? = nil, orderId: String, orderNumber: String? = nil, merchantName: String) {
        self.cardId = cardId
        self.orderId = orderId
        self.orderNumber = orderNumber
        self.merchantName = merchantName
    }

    public var subject: String { orderId }

    /// One line of history; `at` in Unix seconds.
    public struct HistoryStep: Codable, Hashable, Sendable {
        public var step: String
        public var at: Int

        public init(step: String, at: Int) {
            self.step = step
            self.at = at
        }
    }

    /// What changes on a card. `progress` is 0 to 1, `history` is oldest first.
    public struct ContentState: Codable, Hashable, Sendable {
        public var status: String
        public var courierName: String?
        public var deliveryTime: Int?
        public var progress: Double
        public var history: [HistoryStep]
        public var imageKey: String?
        public var note: String?
        public var updatedAt: Int
        public var freshness: String?

        public init(
            status: String,
            courierName: String? = nil,
            deliveryTime: Int? = nil,
            progress: Double = 0,
            history: [HistoryStep] = [],
            imageKey: String? = nil,
            note: String? = nil,
            updatedAt: Int,
            freshness: String? = nil
        ) {
            self.status = status
            self.courierName = courierName
            self.deliveryTime = deliveryTime
            self.progress = progress
            self.history = history
            self.imageKey = imageKey
            self.note = note
            self.updatedAt = updatedAt
            self.freshness = freshness
        }
    }
}

#if canImport(ActivityKit) && os(iOS) && !targetEnvironment(macCatalyst)
import ActivityKit

extension OrderAttributes: ActivityAttributes {}
#endif
