package words

// A Key names one sentence, or a name of something on the page.
type Key int

// The keys, by the part of the page that uses them. {0}, {1} in a comment are the arguments.
const (
	// The page.
	Product      Key = iota
	Broke            // shown after a panic, beside the button Reload
	SkipLink         // the link past the header, to the composer
	SkipToReason     // the link past the header on a page without a composer
	NoSuchRoom       // the heading of a page whose path names no room
	NoRoomTitle      // the document's title if the path names no room
	RoomTitle        // the document's title; {0}: the room
	UnreadTitle      // the document's title; {0}: how many messages are unread, {1}: RoomTitle
	WhyNoRoom
	GoToLobby
	NotStored // shown if the browser stores nothing

	// Buttons that several parts have.
	Dismiss
	Reload
	TryAgain

	// The connection.
	Online
	Connecting
	Reconnecting // NextTryIn or TryingNow follows
	Offline
	Restarting
	SignedOut
	NoGuests
	NextTryIn // {0}: seconds
	TryingNow
	WaitingTail // {0}: how many messages wait to be sent
	ConnectNow
	ContinueAsGuest

	// The account.
	SignIn
	SignInAgain
	SignOut
	SignOutAnyway
	SigningIn
	NotSignedIn
	SignedInAs        // {0}: the name, drawn as an element
	OfflineSignedInAs // {0}: the name, drawn as an element
	GuestCalled       // {0}: the name, drawn as an element
	SignInRegion
	SignInNeedsNetwork
	AllowStorage
	TellOperator // {0}: a code of docs/signing-in.md, or the provider's words
	ClockAhead   // {0}: by how long
	ClockBehind  // {0}: by how long
	ProviderClockAhead
	ProviderClockBehind

	// Why signing in, or staying signed in, failed.
	CauseCancelled
	CauseNotAssigned
	CauseMisconfigured
	CauseExpiredLink
	CauseTooSlow
	CauseUnverified
	CauseUnreachable
	CauseSignInEnded
	CauseWasSignedOut
	CauseNotAllowed
	CauseNoStorage
	CauseEndsSoon
	CauseLooping
	CauseNewerRecord
	CauseOnlyHere
	CauseForeign

	// The rooms.
	Rooms
	OpenRoomLabel
	OpenRoom
	RoomPlaceholder
	RoomPattern

	// Bars below the header.
	NoticeRegion
	UpdateRegion
	UpdateReady
	UpdateNeeded
	InstallRegion
	InstallOffer
	Install
	InstallByShare
	InstallByDock

	// The composer.
	ComposerLabel
	ComposerRegion
	ComposerPlaceholder
	ComposerHint
	ComposerHintTouch // the hint on a device whose keyboard is on the screen
	Send
	NoFiles
	DraftLapsed
	DraftOffered       // {0}: how the draft begins, drawn as an element
	DraftLapsedOffered // {0}: how the draft begins, drawn as an element
	Insert             // the button that puts the offered draft into the composer
	LengthOf           // {0} of {1} characters
	LengthOver         // {0}: LengthOf, {1}: TooMany
	SentAloud          // a screen reader says it once a message is accepted
	RoomEntered        // {0}: the room, {1}: how many messages are there
	MessageAloud       // {0}: the author, {1}: the text

	// The messages.
	ListLabel
	ListLabelIn // {0}: the room
	EmptyRoom   // {0}: how long messages live
	JumpToLatest
	NewBelow
	You
	AuthorTag        // {0}: the author, {1}: what tells the author from others of the same name
	MessageSent      // {0}: the author, {1}: the text, {2}: such as SentAt, {3}: such as VanishesAt
	MessageState     // {0}: the author, {1}: the text, {2}: its state, such as Sending
	SentAt           // {0}: a time
	SentYesterday    // {0}: a time
	SentOn           // {0}: a day, {1}: a time
	SentVanishes     // {0}: such as SentAt, {1}: such as VanishesAt
	VanishesAt       // {0}: a time
	VanishesTomorrow // {0}: a time
	VanishesOn       // {0}: a day, {1}: a time
	Today            // stands above the first message of today
	Yesterday        // stands above the first message of yesterday; also in DayAndTime
	DayAndTime       // {0}: Yesterday or a date, {1}: a time
	SecondsLeft      // {0}: how many
	Sending
	WaitingToSend
	NotSent
	ActionsLabel
	Retry
	Discard
	Copy
	CopyText
	CopyCode
	ShowAll // the button that shows the whole text of a very high message
	Copied
	NotCopied // the browser does not let the page use the clipboard
	ButtonFor // {0}: the button's name, {1}: how the message begins

	// What the user does with a message.
	ReactionsLabel
	ReactionCount // {0}: the emoji, {1}: how many users gave it
	ReactionBy    // {0}: ReactionCount, {1}: the names of the users
	HasReactions  // {0}: the ReactionCount of each reaction
	ListSeparator // stands between names
	Reply
	TakeBack
	Undo
	IsReply
	InReplyTo // {0}: MessageAloud
	InReplyExpired
	InReplyTakenBack
	ReplyingTo // {0}: MessageAloud, drawn as an element
	ReplyGone
	CancelReply
	DraftGone        // the draft answers a message that is gone
	DraftGoneOffered // {0}: how the draft begins, drawn as an element
	LifeLabel
	LifeChoice  // {0}: how long the message lives
	ShorterLife // {0}: how long the message lives

	// People.
	PeopleRegion
	ClosePeople
	NoteYou
	NoteGuest
	NoteTyping
	NoteSeparator // stands between the notes about a person
	GuestTag      // {0}: the name of a guest
	OneTypes      // {0}: the name
	TwoType       // {0}, {1}: the names
	SeveralType
	TypingSetting
	NameLabel
	NameHint
	NameRemember
	NameSet
	NameNow // {0}: the name

	// Completion and mentions.
	Suggestions
	MentionsYou

	// Commands: texts that begin with a slash.
	NoSuchCommand    // {0}: the command
	CommandAlone     // {0}: the command
	CommandNeedsText // {0}: the command
	NothingToClear   // the answer to /clear if the user has no messages
	CommandHelp

	// Problems that the client finds.
	NoAnswerYet
	NoConnection
	TooBig
	OtherAuthor
	NoRoom
	GuestsRead
	ReadOnly
	TooLong
	AnsweredGone // the message that the user answers or acts on is gone
	WrongLife
	WrongEmoji
	NameTooLong
	OnlyGuests
	SignInOver
	EndedByServer

	// Problems that the server finds.
	WriteSignedIn
	RoomFull

	ShortestTime

	keys // the number of keys
)

// A CountKey names a sentence that has plural forms. {0} is the number.
type CountKey int

// The keys of sentences with plural forms.
const (
	Messages CountKey = iota
	NewMessages
	MessagesWouldBeLost
	CharactersLeft
	TooMany // characters that are over the limit
	Hours
	Minutes
	Seconds
	Others // users who gave a reaction and are not named
	People // people in a room
	TakenBack
	BroughtBack // messages that came back after Undo
	MorePeople  // people who are not in the list

	countKeys // the number of count keys
)
