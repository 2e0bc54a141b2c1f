package words

// A CountKey names a sentence that has plural forms. {0} is the number.
type CountKey int

// The keys of sentences with plural forms. The comments say what is counted.
const (
	Messages CountKey = iota
	NewMessages
	Unread // messages that the user has not read
	MessagesWouldBeLost
	CharactersLeft
	TooMany // the characters of a text that are over the limit
	Days
	Hours
	Minutes
	Seconds
	Others // the users who gave a reaction and whom the page does not name
	People // the people in a room
	TakenBack
	BroughtBack // messages that came back after Undo
	Discarded   // messages that were not sent, after /clear
	MorePeople  // the people in the room who are not in the list, because the list is too short
	Results     // the choices that the palette lists

	countKeys // the number of count keys
)
