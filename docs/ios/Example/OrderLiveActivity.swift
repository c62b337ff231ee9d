// The widget extension: draws the card. It has no network, and no location; what it shows is in the content or the
// App Group.
import ActivityKit
import LockstepCards
import SwiftUI
import WidgetKit

@main
struct ShopWidgets: WidgetBundle {
    var body: some Widget {
        OrderLiveActivity()
    }
}

struct OrderLiveActivity: Widget {
    var body: some WidgetConfiguration {
        ActivityConfiguration(for: OrderAttributes.self) { context in
            OrderCard(attributes: context.attributes, content: context.state, isStale: context.isStale)
                .padding()
        } dynamicIsland: { context in
            DynamicIsland {
                DynamicIslandExpandedRegion(.bottom) {
                    OrderCard(attributes: context.attributes, content: context.state, isStale: context.isStale)
                }
            } compactLeading: {
                Image(systemName: "bag")
            } compactTrailing: {
                ExpectedTime(content: context.state, isStale: context.isStale)
            } minimal: {
                Image(systemName: "bag")
            }
            .widgetURL(URL(string: "shop://orders/\(context.attributes.orderId)"))
        }
    }
}

struct OrderCard: View {
    let attributes: OrderAttributes
    let content: OrderAttributes.ContentState
    let isStale: Bool

    var body: some View {
        VStack(alignment: .leading, spacing: 8) {
            HStack {
                CardImage(key: content.imageKey)
                Text(attributes.merchantName).font(.headline)
                Spacer()
                ExpectedTime(content: content, isStale: isStale)
            }
            ProgressView(value: min(max(content.progress, 0), 1))
            Text(OrderAttributes.words(for: content.status))
            if let note = content.note {
                Text(note).font(.caption).privacySensitive()
            }
        }
    }
}

struct ExpectedTime: View {
    let content: OrderAttributes.ContentState
    let isStale: Bool

    var body: some View {
        if isStale || content.isStale {
            Text("No news")
        } else if content.isLate {
            Text("Later than planned")
        } else if let remaining = content.remaining() {
            Text(timerInterval: remaining, countsDown: true).monospacedDigit()
        } else if let date = content.deliveryDate {
            Text(date, style: .time)
        }
    }
}

struct CardImage: View {
    let key: String?

    var body: some View {
        if let key, let file = SharedImages(appGroup: "group.com.example.shop")?.file(of: key),
            let image = UIImage(contentsOfFile: file.path)
        {
            Image(uiImage: image).resizable().scaledToFit().frame(width: 32, height: 32)
        } else if let key, let image = UIImage(named: key) {
            // one that the extension brings along, the placeholder included
            Image(uiImage: image).resizable().scaledToFit().frame(width: 32, height: 32)
        } else {
            Image(systemName: "bag.circle").font(.title)
        }
    }
}
