package words

import (
	"time"

	"mayfly/app/client"
	"mayfly/shared/wire"
)

// Moderated returns the sentence that tells what a moderator has done. me is the id of the user who reads it.
func Moderated(f *wire.Moderated, me string, now time.Time) string {
	by, whom, you := isolated(Called(f.By)), "", false
	if f.User != nil {
		whom, you = barred(f), f.User.ID == me
	}
	switch f.Act {
	case wire.ActMute:
		if you {
			return With(ActMutedYou, by, Span(left(f, now)))
		}
		return With(ActMuted, by, whom, Span(left(f, now)))
	case wire.ActBan:
		return With(ActBanned, by, whom, Span(left(f, now)))
	case wire.ActLift:
		if you {
			return With(ActLiftedYou, by)
		}
		return With(ActLifted, by, whom)
	case wire.ActClear:
		return With(ActCleared, by)
	case wire.ActTTL:
		return With(ActLife, by, Span(time.Duration(f.TTL)*time.Millisecond))
	}
	if f.For == nil || *f.For == 0 {
		return With(ActSlowOff, by)
	}
	return With(ActSlowed, by, Span(time.Duration(*f.For)*time.Millisecond))
}

// Barred returns the sentence that says for how long f, a mute or a ban, still holds.
func Barred(f *wire.Moderated, now time.Time) string {
	k := MutedStill
	if f.Act == wire.ActBan {
		k = BannedStill
	}
	return With(k, barred(f), Span(left(f, now)))
}

// barred returns the name of the user whom f is about.
func barred(f *wire.Moderated) string {
	if name := Called(f.User.User()); name != "" {
		return isolated(name)
	}
	return Of(Somebody)
}

// left returns for how long f still holds.
func left(f *wire.Moderated, now time.Time) time.Duration { return time.UnixMilli(f.Until).Sub(now) }

// Wait returns the sentence that says for how long the user can't write. why is client.Banned, client.Muted or
// client.SlowMode. It returns "" if wait is 0.
func Wait(wait time.Duration, why client.Code) string {
	k := WaitSlow
	switch {
	case wait <= 0:
		return ""
	case why == client.Banned:
		k = WaitBanned
	case why == client.Muted:
		k = WaitMuted
	}
	return With(k, Span(wait))
}

// Span returns d in words, in one unit or two: "24 seconds", "10 minutes", "2 hours 5 minutes", "3 days". From two minutes
// on it rounds up to minutes, and from a day on to days. The few seconds by which the client's clock may differ from the
// server's do not count.
func Span(d time.Duration) string {
	const day, slack = 24 * time.Hour, 5 * time.Second
	if d >= 2*time.Minute {
		d = (d + time.Minute - slack).Truncate(time.Minute)
	}
	if d >= day {
		return Count(Days, int((d+day-1)/day))
	}
	return Lifetime(max(d.Round(time.Second), time.Second))
}

// both returns a with the sentences of b added. If a and b have a sentence for the same key, the sentence of b counts.
func both(b *[keys]string, a [keys]string) [keys]string {
	for k, text := range b {
		if text != "" {
			a[k] = text
		}
	}
	return a
}

var englishOrder = [keys]string{
	NoteModerator: "moderator",
	MuteOrBan:     "Mute or ban",
	MuteOrBanWhom: "Mute or ban {0}",
	BarLength:     "For how long",
	MuteUser:      "Mute",
	BanUser:       "Ban",
	LiftBar:       "Lift",
	BarHint: "A muted person can read here, but not write. A banned person cannot be in this room; a guest's ban also " +
		"keeps out the other guests at the same address. Lift ends both.",
	BarredNow:      "Muted and banned",
	MutedStill:     "{0} is muted for {1}.",
	BannedStill:    "{0} is banned for {1}.",
	Moderate:       "Moderate",
	ModerateRoom:   "Moderate #{0}",
	SlowLabel:      "Slow mode",
	SlowOff:        "Off",
	SlowHere:       "Slow mode: one message in {0}",
	RoomLifeLabel:  "New messages vanish after",
	Apply:          "Apply",
	ClearRoom:      "Clear the room…",
	ClearHint:      "All messages here are taken back, for everyone. Nothing brings them back.",
	ClearNow:       "Take back all messages",
	ActMuted:       "{0} muted {1} for {2}.",
	ActBanned:      "{0} banned {1} for {2}.",
	ActLifted:      "{0} lifted the mute or ban of {1}.",
	ActMutedYou:    "{0} muted you for {1}.",
	ActLiftedYou:   "{0} lifted your mute.",
	ActCleared:     "{0} took back all messages here.",
	ActSlowed:      "{0} turned on slow mode: one message in {1}.",
	ActSlowOff:     "{0} turned off slow mode.",
	ActLife:        "{0} changed how long new messages live: {1}.",
	Somebody:       "somebody",
	UserMuted:      "A moderator has muted you here.",
	UserBanned:     "A moderator has banned you from this room.",
	WaitMuted:      "A moderator has muted you here. You can write again in {0}.",
	WaitBanned:     "You can come back in {0}.",
	WaitSlow:       "Slow mode: you can write again in {0}.",
	OnlyModerators: "Only moderators may do that, and not to each other.",
}

var germanOrder = [keys]string{
	NoteModerator: "Moderation",
	MuteOrBan:     "Stummschalten, sperren",
	MuteOrBanWhom: "{0} stummschalten oder sperren",
	BarLength:     "Wie lange",
	MuteUser:      "Stummschalten",
	BanUser:       "Sperren",
	LiftBar:       "Aufheben",
	BarHint: "Wer stummgeschaltet ist, kann hier lesen, aber nicht schreiben. Wer gesperrt ist, kann nicht in diesem Raum " +
		"sein; ist es ein Gast, dann auch kein anderer Gast mit derselben Adresse. Aufheben beendet beides.",
	BarredNow:      "Stummgeschaltet und gesperrt",
	MutedStill:     "{0} ist noch {1} stummgeschaltet.",
	BannedStill:    "{0} ist noch {1} gesperrt.",
	Moderate:       "Moderieren",
	ModerateRoom:   "#{0} moderieren",
	SlowLabel:      "Langsamer Modus",
	SlowOff:        "Aus",
	SlowHere:       "Langsamer Modus: eine Nachricht in {0}",
	RoomLifeLabel:  "Neue Nachrichten leben",
	Apply:          "Anwenden",
	ClearRoom:      "Raum leeren\u00a0…",
	ClearHint:      "Alle Nachrichten hier werden zurückgenommen, für alle. Nichts bringt sie wieder.",
	ClearNow:       "Alle Nachrichten zurücknehmen",
	ActMuted:       "{0} hat {1} für {2} stummgeschaltet.",
	ActBanned:      "{0} hat {1} für {2} gesperrt.",
	ActLifted:      "{0} hat Stummschaltung und Sperre von {1} aufgehoben.",
	ActMutedYou:    "{0} hat dich für {1} stummgeschaltet.",
	ActLiftedYou:   "{0} hat deine Stummschaltung aufgehoben.",
	ActCleared:     "{0} hat alle Nachrichten hier zurückgenommen.",
	ActSlowed:      "{0} hat den langsamen Modus eingeschaltet: eine Nachricht in {1}.",
	ActSlowOff:     "{0} hat den langsamen Modus ausgeschaltet.",
	ActLife:        "{0} hat geändert, wie lange neue Nachrichten leben: {1}.",
	Somebody:       "jemand",
	UserMuted:      "Du bist hier stummgeschaltet.",
	UserBanned:     "Du bist für diesen Raum gesperrt.",
	WaitMuted:      "Du bist hier stummgeschaltet. Du kannst wieder schreiben in: {0}.",
	WaitBanned:     "Du kannst wiederkommen in: {0}.",
	WaitSlow:       "Langsamer Modus. Du kannst wieder schreiben in: {0}.",
	OnlyModerators: "Das darf nur die Moderation, und nicht untereinander.",
}

var arabicOrder = [keys]string{
	NoteModerator: "مشرف",
	MuteOrBan:     "كتم أو حظر",
	MuteOrBanWhom: "كتم أو حظر: {0}",
	BarLength:     "المدة",
	MuteUser:      "كتم",
	BanUser:       "حظر",
	LiftBar:       "رفع",
	BarHint: "المكتوم يمكنه القراءة هنا، لكن لا يمكنه الكتابة. والمحظور لا يمكنه البقاء في هذه الغرفة، وحظر ضيف يمنع " +
		"أيضًا الضيوف الآخرين من العنوان نفسه. الرفع ينهي الكتم والحظر.",
	BarredNow:      "المكتومون والمحظورون",
	MutedStill:     "{0}: مكتوم لمدة {1}.",
	BannedStill:    "{0}: محظور لمدة {1}.",
	Moderate:       "إشراف",
	ModerateRoom:   "الإشراف على \u2066#{0}\u2069",
	SlowLabel:      "الوضع البطيء",
	SlowOff:        "متوقف",
	SlowHere:       "الوضع البطيء: رسالة واحدة كل {0}",
	RoomLifeLabel:  "تختفي الرسائل الجديدة بعد",
	Apply:          "تطبيق",
	ClearRoom:      "إفراغ الغرفة…",
	ClearHint:      "تُسحب كل الرسائل هنا لدى الجميع، ولا شيء يعيدها.",
	ClearNow:       "سحب كل الرسائل",
	ActMuted:       "{0} كتم {1} لمدة {2}.",
	ActBanned:      "{0} حظر {1} لمدة {2}.",
	ActLifted:      "{0} رفع الكتم والحظر عن {1}.",
	ActMutedYou:    "{0} كتمك لمدة {1}.",
	ActLiftedYou:   "{0} رفع الكتم عنك.",
	ActCleared:     "{0} سحب كل الرسائل هنا.",
	ActSlowed:      "{0} شغّل الوضع البطيء: رسالة واحدة كل {1}.",
	ActSlowOff:     "{0} أوقف الوضع البطيء.",
	ActLife:        "{0} غيّر مدة بقاء الرسائل الجديدة: {1}.",
	Somebody:       "شخص ما",
	UserMuted:      "كتمك مشرف هنا.",
	UserBanned:     "حظرك مشرف من هذه الغرفة.",
	WaitMuted:      "كتمك مشرف هنا. يمكنك الكتابة مجددًا بعد {0}.",
	WaitBanned:     "يمكنك العودة بعد {0}.",
	WaitSlow:       "الوضع البطيء: يمكنك الكتابة مجددًا بعد {0}.",
	OnlyModerators: "للمشرفين وحدهم، ولا يجوز تجاه مشرف آخر.",
}
