// Written by `lockstep card swift`: change the card in Python, and write it anew.
//
// Times are whole Unix seconds in plain numbers: ActivityKit decodes with the default strategies, and would read a
// `Date` as seconds since 2001. A choice of words keeps those that it does not know, because one unknown case of an
// enum fails the whole decode, and the card then stands still without an error anywhere.
import Foundation

/// What a card is started with and keeps.
public struct OrderAttributes: CardAttributes, Hashable {
    /// Lockstep's id of the card.
    public var cardId: String?
    /// What the card is about.
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

    /// One line of history: which step, and when it was taken.
    public struct HistoryStep: Codable, Hashable, Sendable {
        public var step: String
        public var at: Int

        public init(step: String, at: Int) {
            self.step = step
            self.at = at
        }

        /// `at` as a date.
        public var date: Date { Date(timeIntervalSince1970: TimeInterval(at)) }
    }

    /// One of the words below, or one that a newer server has added: `switch` over it with a `default`.
    public struct Freshness: RawRepresentable, Codable, Hashable, Sendable {
        public let rawValue: String

        public init(rawValue: String) {
            self.rawValue = rawValue
        }

        public static let fresh = Self(rawValue: "fresh")
        public static let late = Self(rawValue: "late")
        public static let stale = Self(rawValue: "stale")
    }

    /// What changes on a card.
    public struct ContentState: Codable, Hashable, Sendable {
        public var status: String
        public var courierName: String?
        /// When it is expected; absent while nobody knows.
        public var deliveryTime: Int?
        /// 0 to 1.
        public var progress: Double
        /// Oldest first.
        public var history: [HistoryStep]
        /// Names a picture in the app.
        public var imageKey: String?
        public var note: String?
        /// When something last changed.
        public var updatedAt: Int
        /// How old the news is.
        public var freshness: Freshness?

        public init(
            status: String,
            courierName: String? = nil,
            deliveryTime: Int? = nil,
            progress: Double,
            history: [HistoryStep],
            imageKey: String? = nil,
            note: String? = nil,
            updatedAt: Int,
            freshness: Freshness? = nil
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

        /// `deliveryTime` as a date.
        public var deliveryDate: Date? { deliveryTime.map { Date(timeIntervalSince1970: TimeInterval($0)) } }

        /// `updatedAt` as a date.
        public var updatedDate: Date { Date(timeIntervalSince1970: TimeInterval(updatedAt)) }
    }
}

#if canImport(ActivityKit) && os(iOS) && !targetEnvironment(macCatalyst)
import ActivityKit

extension OrderAttributes: ActivityAttributes {}
#endif
