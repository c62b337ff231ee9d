import Foundation

/// A card as the app knows it.
public struct KnownCard: Codable, Equatable, Sendable {
    public var activityId: String
    public var cardId: String?
    public var subject: String
    public var attributesType: String
    public var updateToken: String?
    public var state: CardState
    /// Whether it is over and Lockstep knows that.
    public var settled = false

    public init(
        activityId: String, cardId: String?, subject: String, attributesType: String, updateToken: String?,
        state: CardState
    ) {
        self.activityId = activityId
        self.cardId = cardId
        self.subject = subject
        self.attributesType = attributesType
        self.updateToken = updateToken
        self.state = state
    }
}

/// What the app keeps between launches.
public struct Installation: Codable, Equatable, Sendable {
    /// The app's id for this phone: made once for each installation.
    public var deviceId: String
    /// By attributes type, in hex. Kept because iOS does not tell a token that did not change again.
    public var startTokens: [String: String] = [:]
    public var alertToken: String?
    public var cards: [KnownCard] = []

    public init(deviceId: String) {
        self.deviceId = deviceId
    }
}

/// The file of the installation.
///
/// It is no part of backups: restored to a second phone, one id would stand for two. A file goes with its app, unlike
/// an item of the Keychain. While it exists and cannot be read, before the first unlock, nothing replaces it.
public struct InstallationFile: Sendable {
    private let file: URL

    public init(directory: URL) {
        file = directory.appendingPathComponent("installation.json", isDirectory: false)
    }

    /// Give the file in Application Support.
    public static func standard() throws -> InstallationFile {
        let support = try FileManager.default.url(
            for: .applicationSupportDirectory, in: .userDomainMask, appropriateFor: nil, create: true
        )
        return InstallationFile(directory: support.appendingPathComponent("Lockstep", isDirectory: true))
    }

    /// Read the installation, or begin one where there is none.
    ///
    /// - Throws: The file is there and cannot be read now: leave this launch without Lockstep.
    public func read() throws -> Installation {
        if FileManager.default.fileExists(atPath: file.path) {
            let kept = try Data(contentsOf: file)
            // one that is damaged stays damaged: its phone becomes a new one
            if let known = try? JSONDecoder().decode(Installation.self, from: kept) {
                return known
            }
        }
        let made = Installation(deviceId: UUID().uuidString.lowercased())
        try write(made)
        return made
    }

    func write(_ installation: Installation) throws {
        var directory = file.deletingLastPathComponent()
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        #if canImport(Darwin)
        var values = URLResourceValues()
        values.isExcludedFromBackup = true
        try directory.setResourceValues(values)
        #endif
        try JSONEncoder().encode(installation).write(to: file, options: .atomic)
    }
}
