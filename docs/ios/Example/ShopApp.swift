// The app: a delegate that begins to observe before anything else, and a session that survives a background launch.
import Lockstep
import LockstepCards
import OSLog
import SwiftUI
import UIKit

let appGroup = "group.com.example.shop"
let log = Logger(subsystem: "com.example.shop", category: "lockstep")

@main
struct ShopApp: App {
    @UIApplicationDelegateAdaptor(AppDelegate.self) private var delegate
    @Environment(\.scenePhase) private var phase

    var body: some Scene {
        WindowGroup {
            Text("Orders")
        }
        .onChange(of: phase) { newPhase in
            if newPhase == .active {
                Task { await delegate.live?.cameToForeground() }
            }
        }
    }
}

final class AppDelegate: NSObject, UIApplicationDelegate {
    private(set) var live: LiveOrders?

    func application(
        _ application: UIApplication,
        didFinishLaunchingWithOptions options: [UIApplication.LaunchOptionsKey: Any]? = nil
    ) -> Bool {
        do {
            let live = try LiveOrders()
            self.live = live
            Task { await live.begin() }
            // needs nobody's permission: it is the address for pictures
            application.registerForRemoteNotifications()
        } catch {
            // before the first unlock nothing can be read; the next launch begins again
            log.error("no Lockstep at this launch: \(String(describing: error))")
        }
        return true
    }

    func application(_ application: UIApplication, didRegisterForRemoteNotificationsWithDeviceToken token: Data) {
        let hex = token.map { String(format: "%02x", $0) }.joined()
        Task { await live?.setDeviceToken(hex) }
    }

    func application(
        _ application: UIApplication, didReceiveRemoteNotification userInfo: [AnyHashable: Any]
    ) async -> UIBackgroundFetchResult {
        guard let live, let push = PicturePush(userInfo: userInfo) else { return .noData }
        return await live.receive(push) ? .newData : .noData
    }
}

/// Everything that the shop does with Lockstep.
final class LiveOrders: Sendable {
    private let client: LockstepClient
    private let orders: LiveActivityObserver<OrderAttributes>
    private let pictures: PictureKeeper?
    private let backend: ShopBackend

    init() throws {
        let backend = ShopBackend()
        let client = try LockstepClient(
            server: URL(string: "https://lockstep.example.com")!,
            file: .standard(),
            complain: { complaint in
                log.error("\(String(describing: complaint))")
            }
        )
        self.backend = backend
        self.client = client
        orders = LiveActivityObserver(client: client)
        pictures = SharedImages(appGroup: appGroup).map { PictureKeeper(client: client, images: $0) }
    }

    func begin() async {
        await orders.start()
        await pictures?.begin()
        if let customerId = backend.customerId {
            await signIn(customerId)
        } else {
            await client.signOut()
        }
        await client.launch()
    }

    func setDeviceToken(_ token: String) async {
        await client.setAlertToken(token)
    }

    func receive(_ push: PicturePush) async -> Bool {
        await pictures?.receive(push) ?? false
    }

    func cameToForeground() async {
        await orders.refresh()
        await client.launch()
    }

    func signIn(_ customerId: String) async {
        await client.signIn(customerId: customerId, ticket: { [backend] in try await backend.ticket() })
    }

    /// Sign out of Lockstep first: it needs a ticket of the session that is about to end.
    func signOut() async {
        await client.signOut()
        backend.endSession()
    }
}

/// Your own backend, which knows the user. Its credential is in the Keychain, `AfterFirstUnlock`: a background launch
/// happens while the phone is locked.
struct ShopBackend: Sendable {
    var customerId: String? { nil }

    func ticket() async throws -> Ticket {
        var request = URLRequest(url: URL(string: "https://shop.example.com/lockstep-ticket")!)
        request.httpMethod = "POST"
        let (answer, _) = try await URLSession.shared.data(for: request)
        return try Ticket.read(answer)
    }

    func endSession() {}
}
