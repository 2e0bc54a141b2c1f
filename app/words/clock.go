package words

import "time"

// A Clock says what the user's clock and calendar show, and turns instants into words.
type Clock struct {
	Now     time.Time                     // the present time, which decides which day is today
	Offset  func(time.Time) time.Duration // by how much the user's time zone is ahead of UTC at an instant
	Hours12 func() bool                   // times are written with 12 hours and AM or PM; nil: with 24 hours
}

const (
	offsetsStep = 15 * time.Minute // a time zone changes its offset only at a multiple of this time
	offsetsLife = time.Second      // how long the browser's answers count: the user may travel
)

// Remembered returns a function that answers as offset does. It remembers the answers for offsetsLife, because drawing one
// row needs about ten answers, and the browser's answer is slow.
func Remembered(offset func(time.Time) time.Duration) func(time.Time) time.Duration {
	var since time.Time
	answers := map[time.Time]time.Duration{}
	return func(t time.Time) time.Duration {
		if time.Since(since) >= offsetsLife {
			clear(answers)
			since = time.Now()
		}
		step := t.UTC().Truncate(offsetsStep)
		answer, known := answers[step]
		if !known {
			answer = offset(step)
			answers[step] = answer
		}
		return answer
	}
}

// wall returns what the user's clock shows at the instant t. The result has the location UTC, but its date, hour and minute
// are those of the user's time zone.
func (c Clock) wall(t time.Time) time.Time { return t.UTC().Add(c.Offset(t)) }

// A Date is a day in the user's calendar: the number of days since 1 January 1970.
type Date int64

const dayLength = 24 * time.Hour

// Date returns the day that the user's calendar shows at the instant t.
func (c Clock) Date(t time.Time) Date {
	wall := c.wall(t)
	return Date(wall.Truncate(dayLength).Unix() / int64(dayLength/time.Second))
}

// Day returns the name of a day: "Today", "Yesterday" or its date.
func (c Clock) Day(d Date) string {
	switch c.Date(c.Now) - d {
	case 0:
		return Of(Today)
	case 1:
		return Of(Yesterday)
	}
	return d.String()
}

// String returns the date in words.
func (d Date) String() string {
	return spoken.date(time.Unix(int64(d)*int64(dayLength/time.Second), 0).UTC())
}

// Short returns the time at t as the header line of a message shows it, in three parts: the hours and minutes, the
// seconds, and AM or PM. With 24 hours, the last part is "". The first part begins with the day if that is not today.
func (c Clock) Short(t time.Time) (minutes, seconds, half string) {
	minutes, seconds, half = c.parts(t)
	if d := c.Date(t); d != c.Date(c.Now) {
		minutes = With(DayAndTime, c.Day(d), minutes)
	}
	return minutes, seconds, half
}

// Minutes returns only the hours and minutes at t, without the seconds and without AM or PM, for a place with little room.
func (c Clock) Minutes(t time.Time) string {
	minutes, _, _ := c.parts(t)
	return minutes
}

func (c Clock) parts(t time.Time) (minutes, seconds, half string) {
	wall := c.wall(t)
	if c.Hours12 != nil && c.Hours12() {
		named := Morning
		if wall.Hour() >= 12 {
			named = Afternoon
		}
		return wall.Format("3:04"), wall.Format(":05"), "\u00a0" + Of(named)
	}
	return wall.Format("15:04"), wall.Format(":05"), ""
}

// time returns the hours, minutes and seconds at t, and AM or PM if the clock has 12 hours. It does not return the day.
func (c Clock) time(t time.Time) string {
	minutes, seconds, half := c.parts(t)
	return minutes + seconds + half
}

// Sent returns the sentence with the time at which a message was sent. It names the day if that is not today.
func (c Clock) Sent(t time.Time) string {
	d := c.Date(t)
	switch d - c.Date(c.Now) {
	case 0:
		return With(SentAt, c.time(t))
	case -1:
		return With(SentYesterday, c.time(t))
	}
	return With(SentOn, d.String(), c.time(t))
}

// Vanishes returns the sentence with the time at which a message expires. It names the day if that is not today.
func (c Clock) Vanishes(t time.Time) string {
	d := c.Date(t)
	switch d - c.Date(c.Now) {
	case 0:
		return With(VanishesAt, c.time(t))
	case 1:
		return With(VanishesTomorrow, c.time(t))
	}
	return With(VanishesOn, d.String(), c.time(t))
}
