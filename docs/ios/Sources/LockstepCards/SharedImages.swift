import Foundation

/// The images of cards in the App Group: the app writes them, the widget extension, which has no network, reads them.
public struct SharedImages: Sendable {
    /// How long an image is kept after it was stored last. A card is on the Lock Screen for 12 hours at the most.
    public static let keptSeconds: TimeInterval = 24 * 3_600

    private let directory: URL

    /// - Parameter directory: Where the images are; made when the first is stored.
    public init(directory: URL) {
        self.directory = directory
    }

    #if canImport(Darwin)
    /// - Parameter appGroup: Of the app and its widget extension; nil comes back where neither has it.
    public init?(appGroup: String) {
        let files = FileManager.default
        guard let container = files.containerURL(forSecurityApplicationGroupIdentifier: appGroup) else { return nil }
        self.init(directory: container.appendingPathComponent("LockstepImages", isDirectory: true))
    }
    #endif

    /// Give the file of an image; nil where there is none yet, so draw a placeholder.
    public func file(of key: String) -> URL? {
        guard let file = place(of: key), FileManager.default.fileExists(atPath: file.path) else { return nil }
        return file
    }

    /// Store an image, made no larger than it is drawn: a card with a larger one may not be started.
    public func store(_ image: Data, for key: String) throws {
        guard let file = place(of: key) else { throw CocoaError(.fileWriteInvalidFileName) }
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        try image.write(to: file, options: .atomic)
    }

    /// Name the versions that Lockstep's manifest has brought here: `taverna@9f86d081884c`.
    public func versions() -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory.path)) ?? []
        return names.compactMap(\.removingPercentEncoding).filter { $0.contains("@") }
    }

    /// Remove an image; false where there is none.
    @discardableResult
    public func remove(_ key: String) -> Bool {
        guard let file = file(of: key) else { return false }
        return (try? FileManager.default.removeItem(at: file)) != nil
    }

    /// Remove images of your own that were stored more than 24 hours ago, and tell how many that were. Of those in the
    /// manifest Lockstep says when they go.
    @discardableResult
    public func removeOld(now: Date = Date()) throws -> Int {
        let files = FileManager.default
        guard files.fileExists(atPath: directory.path) else { return 0 }
        let found = try files.contentsOfDirectory(at: directory, includingPropertiesForKeys: [.contentModificationDateKey])
        var removed = 0
        for file in found where file.lastPathComponent.removingPercentEncoding?.contains("@") != true {
            let values = try file.resourceValues(forKeys: [.contentModificationDateKey])
            guard let stored = values.contentModificationDate, now.timeIntervalSince(stored) > Self.keptSeconds else {
                continue
            }
            try files.removeItem(at: file)
            removed += 1
        }
        return removed
    }

    /// A key comes from the server: nothing in it may lead out of the directory.
    private func place(of key: String) -> URL? {
        guard let name = key.addingPercentEncoding(withAllowedCharacters: .alphanumerics), !name.isEmpty else {
            return nil
        }
        return directory.appendingPathComponent(name, isDirectory: false)
    }
}
