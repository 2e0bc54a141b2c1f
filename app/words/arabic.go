package words

import (
	"strconv"
	"time"
)

// This file has the rules of Arabic: how a date is written, and the plural forms.

var (
	arabicDays   = [...]string{"الأحد", "الاثنين", "الثلاثاء", "الأربعاء", "الخميس", "الجمعة", "السبت"}
	arabicMonths = [...]string{"يناير", "فبراير", "مارس", "أبريل", "مايو", "يونيو", "يوليو", "أغسطس", "سبتمبر", "أكتوبر",
		"نوفمبر", "ديسمبر"}
)

// arabicForm returns the plural form that Arabic uses for the number n, by the rule in Unicode's CLDR.
func arabicForm(n int) form {
	switch hundredth := n % 100; {
	case n == 0:
		return zero
	case n == 1:
		return one
	case n == 2:
		return two
	case hundredth >= 3 && hundredth <= 10:
		return few
	case hundredth >= 11:
		return many
	}
	return other
}

// arabicDate returns a day in words, such as "Friday 27 November".
func arabicDate(day time.Time) string {
	return arabicDays[day.Weekday()] + " " + strconv.Itoa(day.Day()) + " " + arabicMonths[day.Month()-1]
}
