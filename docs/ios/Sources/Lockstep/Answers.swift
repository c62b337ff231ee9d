import Foundation

/// What a phone should do with one card.
public struct CardAnswer: Codable, Equatable, Sendable {
    public var cardId: String
    public var activityId: String?
    public var subject: String
    public var attributesType: String
    public var end: Bool
    public var contentState: JSONValue?
}

/// A card that the phone should have and that only the app can start.
public struct MissingCard: Codable, Equatable, Sendable {
    public var cardId: String
    public var subject: String
    public var attributesType: String
    public var attributes: JSONValue
    public var contentState: JSONValue
}

/// The answer to a launch report.
public struct LaunchAnswer: Codable, Equatable, Sendable {
    public var deviceId: String
    public var cards: [CardAnswer]
    public var missing: [MissingCard]
}

/// What an answer asks of the app, for the cards of one attributes type.
public enum Instruction: Equatable, Sendable {
    case end(activityId: String)
    /// `sentAt` is the time by Lockstep's clock.
    case show(activityId: String, content: JSONValue, sentAt: Date?)
    case start(MissingCard)
}

/// JSON whose type is known only where it is used: the content of any kind of card.
public enum JSONValue: Codable, Equatable, Sendable {
    case null
    case bool(Bool)
    case int(Int)
    case double(Double)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    public init(from decoder: Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Int.self) {
            self = .int(value)
        } else if let value = try? container.decode(Double.self) {
            self = .double(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode([JSONValue].self) {
            self = .array(value)
        } else {
            self = .object(try container.decode([String: JSONValue].self))
        }
    }

    public func encode(to encoder: Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .bool(let value): try container.encode(value)
        case .int(let value): try container.encode(value)
        case .double(let value): try container.encode(value)
        case .string(let value): try container.encode(value)
        case .array(let value): try container.encode(value)
        case .object(let value): try container.encode(value)
        }
    }

    /// Read it as ActivityKit reads a push: with the default strategies.
    public func decoded<Value: Decodable>(as type: Value.Type) throws -> Value {
        try JSONDecoder().decode(type, from: JSONEncoder().encode(self))
    }
}
