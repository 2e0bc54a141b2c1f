package words

import (
	"strings"
	"time"
)

// A Language holds the facts about a language that the page needs besides the words.
type Language struct {
	Tag  string // the tag of the language by BCP 47, such as de; also the value of the attribute lang
	Name string // the name of the language in the language itself, such as Deutsch
	Dir  string // the direction of its script, as in the attribute dir: ltr (left to right) or rtl (right to left)
}

// A language is all the words of the page in one language. To add a language, write a file like de.go and a table like
// germanOrder (order.go), and add the language to all and to shell (shell.go).
type language struct {
	Language
	texts     [keys]string
	counts    [countKeys]forms
	form      func(n int) form // the plural rule: returns the plural form for n things
	thousands string           // the sign between groups of three digits, as in 4,000
	date      func(day time.Time) string
}

// all holds every language. The first language is the one in which the server prerenders the page. The page also uses the
// first language if the browser asks for none of these languages.
var all = [...]*language{&english, &german, &arabic}

// spoken is the language of the page. It is a package variable, because the program has only one page. Only Speak changes
// it.
var spoken = all[0]

// Languages returns every language that the page has, in the order in which the user chooses among them.
func Languages() []Language {
	var each []Language
	for _, l := range all {
		each = append(each, l.Language)
	}
	return each
}

// Speak makes the language with this tag the language of the page, and returns that language. If there is no such language,
// it chooses the first language. Call it before the page is drawn for the first time; later only the UI goroutine may call
// it. A sentence that the page shows already does not change until the page draws it again.
func Speak(tag string) Language {
	spoken = all[0]
	for _, l := range all {
		if l.Tag == tag {
			spoken = l
		}
	}
	return spoken.Language
}

// Brand puts name in the place of "Mayfly" in every language, and welcome before the sentence of the first visit. Only the
// client calls it, once, before Speak: it changes the sentences of this process.
func Brand(name, welcome string) {
	for _, l := range all {
		for k := range l.texts {
			l.texts[k] = strings.ReplaceAll(l.texts[k], "Mayfly", name)
		}
		if welcome != "" {
			l.texts[WelcomeText] = welcome + " " + l.texts[WelcomeText]
		}
	}
}

// Spoken returns the language of the page.
func Spoken() Language { return spoken.Language }

// A form is one of Unicode's plural categories. Most languages use only a few of them. Every language uses the category
// named other.
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

// forms holds one sentence in each plural form of a language. It holds "" for the forms that the language does not use.
type forms [formCount]string

// oneOrOther is the plural rule of English and German.
func oneOrOther(n int) form {
	if n == 1 {
		return one
	}
	return other
}
