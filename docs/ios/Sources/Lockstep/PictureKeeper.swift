import Foundation
import LockstepCards

#if canImport(CryptoKit)
import CryptoKit
#endif
#if canImport(FoundationNetworking)
import FoundationNetworking
#endif

/// Fetches the pictures that Lockstep asks for into the App Group, and tells what is there.
///
/// A card refers to a picture only once Lockstep knows it to be here, and is updated then: nothing is to be redrawn.
/// What failed is tried again at the next launch and with the next push.
public actor PictureKeeper {
    private let client: LockstepClient
    private let images: SharedImages
    private let load: @Sendable (URL) async throws -> Data
    private let digest: @Sendable (Data) -> String
    private var failed: [String: FailedAsset] = [:]

    /// - Parameters:
    ///   - load: Gives what is at an address.
    ///   - digest: Gives the SHA-256 of a file, in hexadecimal digits.
    init(
        client: LockstepClient, images: SharedImages, load: @escaping @Sendable (URL) async throws -> Data,
        digest: @escaping @Sendable (Data) -> String
    ) {
        self.client = client
        self.images = images
        self.load = load
        self.digest = digest
    }

    #if canImport(CryptoKit)
    /// Make a keeper, one for each app.
    public init(client: LockstepClient, images: SharedImages) {
        self.init(
            client: client,
            images: images,
            load: { try await URLSession.shared.data(from: $0).0 },
            digest: { data in SHA256.hash(data: data).map { String(format: "%02x", $0) }.joined() }
        )
    }
    #endif

    /// Ask at every launch, once Lockstep knows the phone. Say it before `LockstepClient.launch`.
    public func begin() async {
        await client.afterLaunch { [weak self] in await self?.catchUp() }
    }

    /// Do what a background push says, within the half minute that iOS gives; true if pictures have come.
    public func receive(_ push: PicturePush) async -> Bool {
        failed = [:]
        let came = await run(push.errand)
        if push.more || !came {
            return await report() || came
        }
        return came
    }

    private func catchUp() async {
        failed = [:]
        _ = await report()
    }

    /// Tell what is here, and do what is answered; true if pictures have come.
    private func report() async -> Bool {
        guard let errand = await client.tell(inventory()) else { return false }
        return await run(errand)
    }

    /// Delete and fetch, and tell it if anything has changed.
    private func run(_ errand: AssetErrand) async -> Bool {
        var changed = false
        for ref in errand.drop {
            changed = images.remove(ref) || changed
        }
        var came = false
        for asset in errand.fetch where images.file(of: asset.ref) == nil && failed[asset.ref] == nil {
            do {
                try await bring(asset)
                came = true
            } catch {
                let problem = (error as? Failure)?.problem ?? .unreachable
                failed[asset.ref] = FailedAsset(key: asset.key, sha256: asset.sha256, problem: problem)
            }
            changed = true
        }
        return changed ? await report() || came : came
    }

    private struct Failure: Error {
        let problem: AssetProblem
    }

    private func bring(_ asset: FetchedAsset) async throws {
        guard let url = URL(string: asset.url) else { throw Failure(problem: .unreachable) }
        let data = try await load(url)
        guard data.count == asset.sizeBytes else { throw Failure(problem: .wrongSize) }
        guard digest(data) == asset.sha256 else { throw Failure(problem: .wrongHash) }
        do {
            try images.store(data, for: asset.ref)
        } catch CocoaError.fileWriteOutOfSpace {
            throw Failure(problem: .noSpace)
        }
    }

    /// Look at the files themselves: what iOS or the user has deleted is not here, and what is damaged goes.
    private func inventory() -> PhoneAssets {
        var held: [HeldAsset] = []
        for ref in images.versions() {
            let sha256 = images.file(of: ref).flatMap { try? Data(contentsOf: $0) }.map(digest) ?? ""
            if PictureName.isOf(sha256, ref) {
                held.append(HeldAsset(key: PictureName.key(of: ref), sha256: sha256))
            } else {
                images.remove(ref)
            }
        }
        return PhoneAssets(assets: held, failed: Array(failed.values))
    }
}
