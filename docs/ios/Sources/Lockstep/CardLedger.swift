/// What is known of the cards on this phone, and how it changes: pure.
extension Installation {
    /// Take in what the phone shows of a card now.
    ///
    /// A card that is over stays over, one that was active does not start again, and a token stays until there is
    /// another.
    ///
    /// - Returns: The card as it is known from now on; nil where that is nothing new.
    mutating func record(_ card: KnownCard) -> KnownCard? {
        guard let place = cards.firstIndex(where: { $0.activityId == card.activityId }) else {
            cards.append(card)
            return card
        }
        let known = cards[place]
        var newest = card
        newest.updateToken = card.updateToken ?? known.updateToken
        newest.settled = known.settled
        if known.state.isOver || (known.state == .active && card.state == .starting) {
            newest.state = known.state
        }
        cards[place] = newest
        return newest == known ? nil : newest
    }

    /// Take in which cards of an attributes type are there: one that went while the app did not run was swiped away.
    ///
    /// - Returns: The cards that went and of which Lockstep does not know it.
    mutating func reconcile(_ attributesType: String, present: Set<String>) -> [KnownCard] {
        var went: [KnownCard] = []
        var kept: [KnownCard] = []
        for var card in cards {
            guard card.attributesType == attributesType, !present.contains(card.activityId) else {
                kept.append(card)
                continue
            }
            if card.settled {
                continue
            }
            if !card.state.isOver {
                card.state = .dismissed
            }
            kept.append(card)
            went.append(card)
        }
        cards = kept
        return went
    }

    /// Remember which of the cards that Lockstep was told of it knows to be over, unless they changed meanwhile.
    mutating func settle(_ told: [KnownCard]) {
        for card in told where card.state.isOver {
            if let place = cards.firstIndex(of: card) {
                cards[place].settled = true
            }
        }
    }

    /// Give the cards for a launch report, those on the phone first.
    func reportable(most: Int) -> [KnownCard] {
        let open = cards.filter { !$0.settled }
        return Array((open.filter { !$0.state.isOver } + open.filter { $0.state.isOver }).prefix(most))
    }

    /// Give the card that an answer is about, unless it is over.
    func card(of answer: CardAnswer) -> KnownCard? {
        cards.last { card in
            guard !card.state.isOver else { return false }
            if let activityId = answer.activityId {
                return card.activityId == activityId
            }
            return card.cardId == answer.cardId
        }
    }
}

extension CardReport {
    init(_ card: KnownCard) {
        self.init(
            subject: card.subject,
            attributesType: card.attributesType,
            activityId: card.activityId,
            updateToken: card.updateToken,
            state: card.state
        )
    }
}

extension LaunchCardReport {
    init(_ card: KnownCard) {
        self.init(
            subject: card.subject,
            attributesType: card.attributesType,
            activityId: card.activityId,
            updateToken: card.updateToken,
            state: card.state,
            cardId: card.cardId
        )
    }
}
