package words

// A Key names one text of the page: a sentence, or the name of a button or of another element.
type Key int

// The keys, grouped by the part of the page that uses them. The comments say which arguments {0} and {1} stand for.
const (
	// The page.
	Product      Key = iota
	Broke            // shown after a panic, beside the button Reload
	SkipLink         // the link with which a user of the keyboard jumps over the header, to the composer
	SkipToReason     // the link in place of SkipLink on a page without a composer; it jumps to the text WhyNoRoom
	NoSuchRoom       // the heading of a page whose path names no room
	NoRoomTitle      // the document's title if the path names no room
	RoomTitle        // the document's title; {0}: the room
	UnreadTitle      // the document's title; {0}: how many messages are unread, {1}: the title RoomTitle
	WhyNoRoom
	GoToLobby
	NotStored // shown if the browser lets the page store nothing

	// Buttons that several parts have.
	Dismiss
	Reload
	TryAgain

	// The connection.
	Online
	Connecting
	Reconnecting // the page shows NextTryIn or TryingNow behind it
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
	SignedInAs        // {0}: the user's name, which the page draws in an element of its own
	OfflineSignedInAs // {0}: the user's name, which the page draws in an element of its own
	GuestNote         // follows a guest's name, for assistive technology
	SignInRegion
	SignInNeedsNetwork
	AllowStorage
	TellOperator // {0}: what the operator must know: a code from docs/signing-in.md, or the provider's words
	ClockAhead   // {0}: how far the device's clock is ahead
	ClockBehind  // {0}: how far the device's clock is behind
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
	LifeInRoom   // {0}: how long messages live
	ShortHours   // {0}: how many
	ShortMinutes // {0}: how many
	RoomForYou
	RoomMuted
	RoomPinned
	RoomRefused
	RoomActions // {0}: the room
	PinRoom
	UnpinRoom
	MuteRoom
	UnmuteRoom
	CopyLink
	LinkCopied
	LinkNotCopied
	LeaveRoom
	LeftRoom  // {0}: the room
	RoomsFull // {0}: how many rooms, {1}: the room that is shown
	OpenRoomLabel
	OpenRoom
	RoomPlaceholder
	RoomPattern

	// Inviting people.
	Menu
	Invite
	InvitePeople
	InviteTo // {0}: the room
	InviteText
	InviteLink
	ShareLink
	QRCode // {0}: the room

	// The palette.
	GoTo
	GoToLabel // what the user can go to
	OpenNamed // {0}: the room
	ShowPeople
	NothingFound

	// Help: what vanishes, what does not, and who can read along. docs/security.md says what Mayfly promises about this.
	Help
	HowItWorks
	HelpVanishes
	HelpVanish
	HelpVanishHere // {0}: how long messages live
	HelpTakeBack
	HelpDevice
	HelpStays
	HelpCopies
	HelpLinks
	HelpReaders
	HelpOperator
	HelpUnseen
	HelpGuests

	// Help: keys and commands.
	HelpKeys
	HelpGoTo
	HelpRegions
	HelpThis
	HelpTab
	HelpEscape
	HelpSend
	HelpNewLine
	HelpEmoji
	HelpMention
	HelpSuggestions
	HelpInMessages
	HelpWalk
	HelpActions
	HelpInActions
	HelpCommands
	HelpMe
	HelpNick
	HelpWho
	HelpClear
	HelpSlashes
	KeyEnter
	KeyShift
	KeyControl
	KeyHome
	KeyEnd

	// Bars below the header.
	NoticeRegion
	WelcomeRegion
	WelcomeText
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
	ComposerHintTouch  // the hint on a device whose keyboard is on the screen
	ComposerHintBreaks // the hint on a device with keys whose user has chosen that Enter begins a new line
	Send
	NoFiles
	DraftLapsed
	DraftOffered       // {0}: the beginning of the draft, which the page draws in an element of its own
	DraftLapsedOffered // {0}: the beginning of the draft, which the page draws in an element of its own
	Insert             // the button that puts the offered draft into the composer
	LengthOf           // {0}: the length of the text in the composer, {1}: its limit, both in characters
	LengthOver         // {0}: the text LengthOf, {1}: the text TooMany
	SentAloud          // a screen reader says this when the server has accepted the user's message
	RoomEntered        // {0}: the room, {1}: how many messages are there
	MessageAloud       // {0}: the author, {1}: the text

	// The messages.
	ListLabel
	ListLabelIn // {0}: the room
	EmptyTitle
	YouAre    // {0}: the user's name, which the page draws in an element of its own
	EmptyRoom // {0}: how long messages live
	JumpToLatest
	NewBelow
	You
	OwnMessage       // shown beside the time of the user's own message
	AuthorTag        // {0}: the author, {1}: a tag that differs between users of the same name
	MessageSent      // {0}: the author, {1}: the text, {2}: a sentence such as SentAt, {3}: a sentence such as VanishesAt
	MessageState     // {0}: the author, {1}: the text, {2}: its state, such as Sending
	SentAt           // {0}: a time
	SentYesterday    // {0}: a time
	SentOn           // {0}: a day, {1}: a time
	SentVanishes     // {0}: a sentence such as SentAt, {1}: a sentence such as VanishesAt
	VanishesAt       // {0}: a time
	VanishesTomorrow // {0}: a time
	VanishesOn       // {0}: a day, {1}: a time
	Today            // shown above the first message of today
	Yesterday        // shown above the first message of yesterday; also used in DayAndTime
	DayAndTime       // {0}: Yesterday or a date, {1}: a time
	Morning          // "AM": follows a time before noon if the user's clock has 12 hours
	Afternoon        // "PM": follows a time after noon if the user's clock has 12 hours
	AndUnit          // put between the parts of a duration, such as "1 hour" and "30 minutes"
	SecondsLeft      // shown beside a message; {0}: how many seconds it still lives
	Sending
	WaitingToSend
	NotSent
	ActionsLabel
	Retry
	Discard
	Copy
	CopyText
	CopyCode
	ShowAll // the button that shows the whole text of a very long message
	Copied
	NotCopied // the browser does not let the page use the clipboard
	ButtonFor // the accessible name of a button; {0}: what the button says, {1}: how its message or draft begins

	// What the user does with a message.
	ReactionsLabel
	ReactionCount // {0}: the emoji, {1}: how many users gave it
	ReactionBy    // {0}: the text ReactionCount, {1}: the names of the users who gave the reaction
	HasReactions  // {0}: the text ReactionCount of each reaction to the message
	ListSeparator // put between names, or between reactions
	Reply
	TakeBack
	Undo
	IsReply
	InReplyTo    // {0}: author and beginning of the answered message, in the form of MessageAloud
	InReplyToYou // {0}: the beginning of the answered message, which the user wrote
	InReplyExpired
	InReplyTakenBack
	ReplyingTo    // {0}: author and beginning of the answered message, drawn in an element of its own
	ReplyingToYou // {0}: the beginning of the answered message, which the user wrote, drawn in an element of its own
	ReplyGone
	CancelReply
	DraftGone        // shown below a draft that answers a message which is gone
	DraftGoneOffered // {0}: the beginning of the draft, which the page draws in an element of its own
	LifeLabel
	LifeChoice  // {0}: how long the next message will live
	ShorterLife // shown at a message with a shorter life than usual; {0}: how long it lives in all

	// The list of people, the line that says who is typing, and the guest's own name.
	PeopleRegion
	Close
	NoteYou
	NoteGuest
	NoteTyping
	NoteSeparator // put between the notes about a person
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

	// The settings.
	Settings
	SettingsKept // says where the settings are stored
	SettingsLost // shown in place of SettingsKept if the browser stores nothing
	ThemeLabel
	ThemeOfSystem
	ThemeLight
	ThemeDark
	TextLabel
	TextSmall
	TextNormal
	TextLarge
	TextLargest
	TimeLeftLabel
	TimeLeftRing
	TimeLeftNumbers
	TimeLeftNothing
	TimeLeftHint
	EnterLabel
	EnterSends
	EnterBreaks
	EnterHint
	LanguageLabel
	LanguageOfBrowser // the choice "As in the browser", in place of a language

	// Notifications: what they say, the setting, and the choices in the menu of a room.
	NotifyNew     // {0}: the room
	NotifyMention // {0}: the author, {1}: the room
	NotifyReply   // {0}: the author, {1}: the room
	NotifyLabel
	NotifyHint // explains what a notification shows, before the browser asks for the permission
	NotifyIsOff
	NotifyIsOn
	NotifyDenied      // the browser does not let the page show notifications
	NotifyUnsupported // the browser has no notifications, or no service worker here
	NotifyTurnOn
	NotifyTurnOff
	NotifyText
	NotifyForMe
	NotifyEverything
	NotifyNothing

	// Completion and mentions.
	Suggestions
	MentionsYou

	// Commands: texts that begin with a slash.
	NoSuchCommand    // {0}: the command
	CommandAlone     // shown if a text follows a command that allows no text after it; {0}: the command
	CommandNeedsText // shown if no text follows a command that needs one; {0}: the command
	NothingToClear   // the answer to /clear if the user has no messages
	NoTakingBack     // the answer to /clear if the server cannot remove messages

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

	// Problems for which the server has a more exact sentence, but only in English. So the page uses these sentences only if
	// its language is not English (see Problem).
	TooFast
	NotStoredNow
	NoMoreRooms
	TextRefused
	NotUnderstood
	SignInRefused

	ShortestTime

	// What moderators do; order.go has the sentences.
	NoteModerator // stands beside the name of a moderator
	MuteOrBan     // the button that opens the dialog about a person
	MuteOrBanWhom // the heading of that dialog; {0}: the name
	BarLength     // the field for how long a mute or a ban holds
	MuteUser      // the buttons of the dialog
	BanUser
	LiftBar
	BarHint      // explains what they do
	BarredNow    // above the list of the people who are muted or banned
	MutedStill   // {0}: the name, {1}: for how long still
	BannedStill  // {0}: the name, {1}: for how long still
	Moderate     // the button that opens the dialog about the room
	ModerateRoom // the heading of that dialog; {0}: the room
	SlowLabel
	SlowOff
	SlowHere // {0}: the time in which a person may send one message
	RoomLifeLabel
	Apply     // the button that sets slow mode and the life of messages
	ClearRoom // the button after which ClearHint and ClearNow are shown
	ClearHint
	ClearNow
	ActMuted     // {0}: the moderator, {1}: the name of the person, {2}: for how long
	ActBanned    // {0}: the moderator, {1}: the name of the person, {2}: for how long
	ActLifted    // {0}: the moderator, {1}: the name of the person
	ActMutedYou  // {0}: the moderator, {1}: for how long; for the person who is muted
	ActLiftedYou // {0}: the moderator; for the person who was muted
	ActCleared   // {0}: the moderator
	ActSlowed    // {0}: the moderator, {1}: the time in which a person may send one message
	ActSlowOff   // {0}: the moderator
	ActLife      // {0}: the moderator, {1}: how long new messages live
	Somebody     // in place of the name of a person whose name is not known
	UserMuted    // why a message was not sent
	UserBanned   // why there is nothing to read in the room
	WaitMuted    // {0}: for how long still
	WaitBanned   // {0}: for how long still
	WaitSlow     // {0}: for how long still
	OnlyModerators

	keys // the number of keys
)
