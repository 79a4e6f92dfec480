//! What feeds tell, as server-sent events.

use crate::commands::{Feed, Told};
use crate::streams;
use axum::response::Response;
use std::collections::VecDeque;

/// The answer of a feed: an event called `name` for each thing it tells of, with what `data` makes of it, and for its id
/// the revision that made it. The first event has the revision from which on everything is told, and no data.
pub(super) fn answer<T: Told + 'static>(
    feed: Feed<T>,
    name: &'static str,
    data: fn(&T) -> String,
) -> Response {
    let greeting = format!("id: {}\n\n", feed.revision());
    let events = Events { feed, name, data, waiting: VecDeque::from([greeting]) };
    let texts = futures_util::stream::unfold(events, |mut events| async {
        let text = events.next().await?;
        Some((text, events))
    });
    streams::answer(texts)
}

struct Events<T> {
    feed: Feed<T>,
    name: &'static str,
    data: fn(&T) -> String,
    waiting: VecDeque<String>,
}

impl<T: Told> Events<T> {
    /// What is to be sent next; none when the stream is over.
    async fn next(&mut self) -> Option<String> {
        while self.waiting.is_empty() {
            let made = self.feed.next().await?;
            if made.is_empty() {
                // Something shows that the stream lives.
                self.waiting.push_back(":\n\n".to_owned());
            }
            for (position, one) in made.iter().enumerate() {
                let revision = one.revision();
                // Whoever breaks off in the middle of a revision is told all of it again.
                let is_last = made.get(position + 1).is_none_or(|next| next.revision() != revision);
                let id = if is_last { format!("id: {revision}\n") } else { String::new() };
                self.waiting.push_back(format!("event: {}\n{id}data: {}\n\n", self.name, (self.data)(one)));
            }
        }
        self.waiting.pop_front()
    }
}
