/// What the launch report says of any card; adopt it for attributes of your own.
public protocol CardAttributes: Codable, Sendable {
    /// Lockstep's id of the card; nil where the app started the card before Lockstep knew of it.
    var cardId: String? { get }

    /// What the card is about: the id of its order.
    var subject: String { get }
}
