import Foundation

/// What Lockstep has to know of the app and its phone.
public struct AppFacts: Equatable, Sendable {
    public var app: String
    public var environment: String
    public var iosVersion: String
    public var appBuild: String?
    public var locale: String?
    /// Words by which a segment may take the phone; nil leaves those that Lockstep has.
    public var tags: [String]?

    public init(
        app: String,
        environment: String,
        iosVersion: String,
        appBuild: String? = nil,
        locale: String? = nil,
        tags: [String]? = nil
    ) {
        self.app = app
        self.environment = environment
        self.iosVersion = iosVersion
        self.appBuild = appBuild
        self.locale = locale
        self.tags = tags
    }

    /// Give the facts of the app that runs.
    public static func current(bundle: Bundle = .main) -> AppFacts {
        let version = ProcessInfo.processInfo.operatingSystemVersion
        let build = bundle.object(forInfoDictionaryKey: "CFBundleVersion") as? String
        return AppFacts(
            app: bundle.bundleIdentifier ?? "",
            environment: currentEnvironment(bundle: bundle),
            iosVersion: "\(version.majorVersion).\(version.minorVersion).\(version.patchVersion)",
            appBuild: build.map { String($0.prefix(64)) },
            locale: bundle.preferredLocalizations.first.map { String($0.prefix(64)) }
        )
    }

    /// Tell where the tokens of an app are valid, by the provisioning profile inside it.
    ///
    /// A build from Xcode holds one that says `development`. TestFlight and the App Store leave none, and both are
    /// `production`, whatever the build configuration is called.
    ///
    /// - Parameter profile: `embedded.mobileprovision`; nil where there is none.
    static func environment(profile: Data?) -> String {
        guard let profile else { return "production" }
        // a signed property list: the text of the list stands in it as it is
        let text = String(decoding: profile, as: UTF8.self)
        guard let key = text.range(of: "<key>aps-environment</key>"),
            let end = text.range(of: "</string>", range: key.upperBound..<text.endIndex)
        else { return "production" }
        return text[key.upperBound..<end.lowerBound].contains("development") ? "sandbox" : "production"
    }

    private static func currentEnvironment(bundle: Bundle) -> String {
        #if targetEnvironment(simulator)
        return "sandbox"
        #else
        let file = bundle.url(forResource: "embedded", withExtension: "mobileprovision")
        return environment(profile: file.flatMap { try? Data(contentsOf: $0) })
        #endif
    }
}
