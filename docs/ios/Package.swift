// swift-tools-version: 5.9
import PackageDescription

let strict: [SwiftSetting] = [.enableExperimentalFeature("StrictConcurrency")]

let package = Package(
    name: "Lockstep",
    platforms: [.iOS("16.2"), .macOS(.v13)],
    products: [
        .library(name: "LockstepCards", targets: ["LockstepCards"]),
        .library(name: "Lockstep", targets: ["Lockstep"]),
    ],
    targets: [
        // For the app and its widget extension: what cards hold, and their images. No network, no UIKit.
        .target(name: "LockstepCards", swiftSettings: strict),
        // For the app alone: what it tells Lockstep, and what it does with the answers.
        .target(name: "Lockstep", dependencies: ["LockstepCards"], swiftSettings: strict),
        .testTarget(name: "LockstepTests", dependencies: ["Lockstep", "LockstepCards"], swiftSettings: strict),
    ]
)
