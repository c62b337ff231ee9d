/// What became of a card, as Lockstep calls it.
public enum CardState: String, Codable, Sendable {
    case starting
    case active
    case dismissed
    case ended

    /// Whether nothing can be shown on the card any more.
    public var isOver: Bool { self == .dismissed || self == .ended }
}

/// What `PUT /v1/devices/{device_id}/cards/{card_id}` takes.
public struct CardReport: Codable, Equatable, Sendable {
    public var subject: String
    public var attributesType: String
    public var activityId: String?
    public var updateToken: String?
    public var state: CardState
}

/// A card in the launch report.
public struct LaunchCardReport: Codable, Equatable, Sendable {
    public var subject: String
    public var attributesType: String
    public var activityId: String?
    public var updateToken: String?
    public var state: CardState
    public var cardId: String?
}

/// What `PUT /v1/devices/{device_id}` takes: everything that the app knows, whole each time.
///
/// A start token that is not in it is forgotten by Lockstep, so the last known one is sent until there is another.
public struct DeviceReport: Codable, Equatable, Sendable {
    public var app: String
    public var environment: String
    public var iosVersion: String
    public var customerId: String?
    public var appBuild: String?
    public var locale: String?
    public var activitiesEnabled: Bool
    public var frequentPushesEnabled: Bool
    public var startTokens: [String: String]
    public var alertToken: String?
    public var cards: [LaunchCardReport]
    public var tags: [String]?
}
