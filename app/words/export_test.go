package words

// Every is all the words of one language, for tests.
type Every struct {
	Language
	Texts  []string            // by Key
	Counts []map[string]string // by CountKey: the sentence of each plural form that the language has, by the form's name
	Shell  []string            // by ShellKey
}

var formNames = [formCount]string{"zero", "one", "two", "few", "many", "other"}

// All returns the words of each language.
func All() (each []Every) {
	for n, l := range all {
		e := Every{Language: l.Language, Texts: l.texts[:], Shell: shell[n][:]}
		for _, forms := range l.counts {
			said := map[string]string{}
			for n := range 200 {
				said[formNames[l.form(n)]] = forms[l.form(n)]
			}
			e.Counts = append(e.Counts, said)
		}
		each = append(each, e)
	}
	return each
}
