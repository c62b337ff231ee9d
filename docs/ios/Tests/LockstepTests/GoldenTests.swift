import Foundation
import LockstepCards
import XCTest

@testable import Lockstep

/// Decodes what Lockstep's own tests keep in `tests/golden`, as ActivityKit would, and encodes what Lockstep is sent.
final class GoldenTests: XCTestCase {
    private struct History: Decodable {
        struct Step: Decodable {
            var contentState: JSONValue?
        }

        var steps: [Step]
    }

    private let golden = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("tests/golden", isDirectory: true)

    private func data(_ name: String) throws -> Data {
        try Data(contentsOf: golden.appendingPathComponent(name))
    }

    private func json(_ name: String) throws -> JSONValue {
        try JSONDecoder().decode(JSONValue.self, from: data(name))
    }

    private func part(_ keys: String..., of document: JSONValue) throws -> JSONValue {
        try keys.reduce(document) { value, key in
            guard case .object(let members) = value else { throw CocoaError(.coderInvalidValue) }
            return try XCTUnwrap(members[key], key)
        }
    }

    func testEveryGoldenContentDecodesAndLosesNothing() throws {
        let directory = golden.appendingPathComponent("histories", isDirectory: true)
        let files = try FileManager.default.contentsOfDirectory(at: directory, includingPropertiesForKeys: nil)
            .filter { $0.lastPathComponent.hasSuffix(".folded.json") }
        var decoded = 0
        for file in files {
            let history = try JSONDecoder().decode(History.self, from: Data(contentsOf: file))
            for content in history.steps.compactMap(\.contentState) where content != .null {
                let state = try content.decoded(as: OrderAttributes.ContentState.self)
                XCTAssertEqual(try reencoded(state), try reencoded(content), file.lastPathComponent)
                decoded += 1
            }
        }
        XCTAssertGreaterThan(decoded, 0)
    }

    func testPushesDecode() throws {
        let start = try json("wire/start.json")
        let attributes = try part("aps", "attributes", of: start).decoded(as: OrderAttributes.self)
        XCTAssertEqual(try part("aps", "attributes-type", of: start), .string(String(describing: OrderAttributes.self)))
        XCTAssertEqual(attributes.subject, "order-1")
        for name in ["start", "update", "end"] {
            let content = try part("aps", "content-state", of: json("wire/\(name).json"))
            XCTAssertNoThrow(try content.decoded(as: OrderAttributes.ContentState.self), name)
        }
    }

    func testAnswersDecode() throws {
        let launch = try JSONDecoder().decode(LaunchAnswer.self, from: data("wire/launch_answer.json"))
        XCTAssertEqual(launch.cards.map(\.end), [false, true])
        XCTAssertEqual(launch.missing.count, 1)
        for missing in launch.missing {
            let attributes = try missing.attributes.decoded(as: OrderAttributes.self)
            XCTAssertEqual(attributes.cardId, missing.cardId)
            XCTAssertNoThrow(try missing.contentState.decoded(as: OrderAttributes.ContentState.self))
        }
        let card = try JSONDecoder().decode(CardAnswer.self, from: data("wire/card_answer.json"))
        XCTAssertFalse(card.end)
        XCTAssertGreaterThan(try Ticket.read(data("wire/ticket.json")).expiresAt, Date(timeIntervalSince1970: 0))
    }

    func testReportsAreEncodedAsTheyAreTaken() throws {
        let launch = try JSONDecoder().decode(DeviceReport.self, from: data("wire/launch_report.json"))
        XCTAssertEqual(try reencoded(launch), try reencoded(json("wire/launch_report.json")))
        let card = try JSONDecoder().decode(CardReport.self, from: data("wire/card_report.json"))
        XCTAssertEqual(try reencoded(card), try reencoded(json("wire/card_report.json")))
    }

    func testPicturesAreToldOnTheWire() throws {
        let told = try JSONSerialization.jsonObject(with: data("wire/pictures_push.json"))
        let push = try XCTUnwrap(PicturePush(userInfo: XCTUnwrap(told as? [AnyHashable: Any])))
        let errand = try JSONDecoder().decode(AssetErrand.self, from: data("wire/asset_errand.json"))
        XCTAssertEqual(push.errand, errand)
        XCTAssertFalse(push.more)
        XCTAssertEqual(errand.fetch.map(\.key), ["taverna"])
        XCTAssertTrue(errand.fetch.allSatisfy { PictureName.isOf($0.sha256, $0.ref) })
        XCTAssertNil(PicturePush(userInfo: ["aps": ["content-available": 1]]))
        let report = try JSONDecoder().decode(PhoneAssets.self, from: data("wire/phone_assets.json"))
        XCTAssertEqual(try reencoded(report), try reencoded(json("wire/phone_assets.json")))
    }

    func testWhatIsNotKnownIsTolerated() throws {
        let text = #"{"status":"gift_wrapped","progress":1,"history":[],"updatedAt":1,"freshness":"ripe","new":{}}"#
        let content = try JSONDecoder().decode(OrderAttributes.ContentState.self, from: Data(text.utf8))
        XCTAssertEqual(OrderAttributes.words(for: content.status), "Gift wrapped")
        XCTAssertFalse(content.isLate || content.isStale)
        XCTAssertEqual(content.freshness?.rawValue, "ripe")
    }

    private func reencoded(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        let whole = try JSONDecoder().decode(JSONValue.self, from: encoder.encode(value))
        return String(decoding: try encoder.encode(whole), as: UTF8.self)
    }
}
