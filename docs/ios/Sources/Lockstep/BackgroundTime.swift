#if os(iOS)
import UIKit

/// Keeps the app awake while it reports: a background launch gives it only seconds.
@MainActor
final class BackgroundTime {
    private var identifier = UIBackgroundTaskIdentifier.invalid

    init() {
        identifier = UIApplication.shared.beginBackgroundTask(withName: "Lockstep") { [weak self] in
            MainActor.assumeIsolated {
                guard let self else { return }
                self.end()
            }
        }
    }

    func end() {
        guard identifier != .invalid else { return }
        UIApplication.shared.endBackgroundTask(identifier)
        identifier = .invalid
    }
}
#else
/// Elsewhere nothing suspends the process.
@MainActor
final class BackgroundTime {
    func end() {}
}
#endif
