package words

import "time"

// A language is all the words of the page in one language. To add a second language:
//   - Write a file like en.go, and make spoken the language that the browser asks for.
//   - Add the language to the list in export_test.go, so that a test finds keys without words.
//   - Name the language in web/manifest.go and in the page's HTML (Lang in web/page.go).
//   - Translate the sentences that the page needs before the client runs (web/fault.go, web/page.go).
type language struct {
	texts     [keys]string
	counts    [countKeys]forms
	form      func(n int) form // the plural form for n things
	thousands string           // separates groups of three digits
	date      func(day time.Time) string
}

// spoken is the language of the page. There is no other language yet.
var spoken = &english

// A form is one of Unicode's plural categories. Most languages use only a few of them, but every language uses other.
type form int

const (
	zero form = iota
	one
	two
	few
	many
	other
	formCount
)

// forms holds one sentence in each plural form of the language; "" for the forms that it does not have.
type forms [formCount]string
