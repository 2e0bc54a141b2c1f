package room

// tagLength is how many characters a tag has. A tag is the end of a user's id. The page shows it beside the user's name if
// another user has the same name.
const tagLength = 4

// Tag returns the end of a user's id. The page shows it to distinguish users who have the same name.
func Tag(id string) string { return id[max(0, len(id)-tagLength):] }

// SetTags gives the messages of two users a Tag if both users have the same name, as returned by Called. That is also done
// for a guest and a signed-in user: the page marks guests, but the user may overlook that mark.
func (r *Room) SetTags() {
	ids := make(map[string]string, 8) // the id of the user with that name; "" if several users have the name
	for i := range r.Messages {
		u := &r.Messages[i].User
		if i > 0 && *u == r.Messages[i-1].User { // in most rooms, one user writes several messages in a row
			continue
		}
		id := u.ID
		name := Called(*u)
		if other, ok := ids[name]; ok && other != id {
			id = ""
		}
		ids[name] = id
	}
	list, fresh, tag := r.Messages, false, ""
	for i := range list {
		m := &list[i]
		if i == 0 || m.User != list[i-1].User {
			tag = ""
			if id := m.User.ID; ids[Called(m.User)] != id {
				tag = Tag(id)
			}
		}
		if m.Tag == tag {
			continue
		}
		if !fresh {
			list, fresh = copied(list), true
		}
		list[i].Tag = tag
	}
	r.Messages = list
}
