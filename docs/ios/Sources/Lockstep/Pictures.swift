import Foundation

/// A version of a picture that is on the phone.
public struct HeldAsset: Codable, Equatable, Sendable {
    public var key: String
    public var sha256: String
}

/// Why a picture is not on the phone.
public enum AssetProblem: String, Codable, Sendable {
    case unreachable
    case wrongSize = "wrong_size"
    case wrongHash = "wrong_hash"
    case noSpace = "no_space"
    case notAPicture = "not_a_picture"
}

/// A version that could not be fetched.
public struct FailedAsset: Codable, Equatable, Sendable {
    public var key: String
    public var sha256: String
    public var problem: AssetProblem
}

/// What `PUT /v1/devices/{device_id}/assets` takes: all pictures on the phone, whole each time.
public struct PhoneAssets: Codable, Equatable, Sendable {
    public var assets: [HeldAsset]
    public var failed: [FailedAsset]
}

/// A picture that the app should fetch. Cards call it by `ref`, and so is its file named.
public struct FetchedAsset: Codable, Equatable, Sendable {
    public var ref: String
    public var url: String
    public var sha256: String
    public var sizeBytes: Int

    var key: String { PictureName.key(of: ref) }
}

/// What the app should do about its pictures.
public struct AssetErrand: Codable, Equatable, Sendable {
    public var fetch: [FetchedAsset]
    public var drop: [String]
}

/// What a background push asks for.
public struct PicturePush: Equatable, Sendable {
    public var errand: AssetErrand
    /// Whether some found no place in the push: the answer to a report has them.
    public var more: Bool

    private struct Body: Decodable {
        var fetch: [FetchedAsset]?
        var drop: [String]?
        var more: Bool?
    }

    /// Read a push as iOS hands it over; nil where it is about something else.
    public init?(userInfo: [AnyHashable: Any]) {
        guard let told = userInfo["lockstep"], JSONSerialization.isValidJSONObject(told),
            let data = try? JSONSerialization.data(withJSONObject: told),
            let body = try? JSONDecoder().decode(Body.self, from: data)
        else { return nil }
        errand = AssetErrand(fetch: body.fetch ?? [], drop: body.drop ?? [])
        more = body.more ?? false
    }
}

/// The name by which a card refers to a version: its key, and the beginning of its hash.
enum PictureName {
    static func key(of ref: String) -> String {
        guard let at = ref.lastIndex(of: "@") else { return ref }
        return String(ref[..<at])
    }

    static func isOf(_ sha256: String, _ ref: String) -> Bool {
        guard let at = ref.lastIndex(of: "@") else { return false }
        return !sha256.isEmpty && sha256.hasPrefix(ref[ref.index(after: at)...])
    }
}
