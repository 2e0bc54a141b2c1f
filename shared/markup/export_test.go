package markup

// A Piece is a part of a text: a link, or the text between two links.
type Piece struct {
	Text string
	Href string // the same as Text; empty: it is no link
	Host string // of a link
}

// Links splits a text into links and what is between them, as finder finds them. Put together, the pieces are the text.
func Links(text string) []Piece {
	var all []Piece
	f := finder{text: text}
	plain := 0 // text[plain:] is in no piece yet
	for at, links := 0, 0; links < MaxLinks; {
		i := nextScheme(text, at)
		if i < 0 {
			break
		}
		link, ok := f.at(i)
		if !ok {
			at = f.reach.end
			continue
		}
		if i > plain {
			all = append(all, Piece{Text: text[plain:i]})
		}
		all = append(all, Piece{link.text, link.text, link.host})
		at = i + len(link.text)
		plain = at
		links++
	}
	if plain < len(text) {
		all = append(all, Piece{Text: text[plain:]})
	}
	return all
}

// nextScheme returns the index in text at which the first scheme in text[start:] begins, -1 if there is none.
func nextScheme(text string, start int) int {
	for i := start; i < len(text); i++ {
		c := text[i] | 0x20 // in lower case
		if (c == 'h' || c == 'm') && schemeOf(text[i:]) != "" && (i == 0 || !schemeLike(text[i-1])) {
			return i
		}
	}
	return -1
}
