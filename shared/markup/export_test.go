package markup

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
		all = append(all, link)
		at = i + len(link.Text)
		plain = at
		links++
	}
	if plain < len(text) {
		all = append(all, Piece{Text: text[plain:]})
	}
	return all
}
