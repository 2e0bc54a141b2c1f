package words

// Texts returns every sentence of each language by the language's code. Of a sentence with plural forms it returns the one for
// many things.
func Texts() map[string][]string {
	all := map[string][]string{}
	for code, l := range map[string]*language{"en": &english} {
		texts := append([]string(nil), l.texts[:]...)
		for _, forms := range l.counts {
			texts = append(texts, forms[other])
		}
		all[code] = texts
	}
	return all
}
