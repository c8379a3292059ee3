//! Many commands at once: one pipeline for each node, and those that a node sends on one by one.

use std::sync::Arc;

use aiocache_core::Result;
use futures_util::future::join_all;
use redis::{Cmd, Pipeline, Value};
use tokio::time::Instant;

use super::{Cluster, Redirect, slot};
use crate::connection::Connections;
use crate::strays::Over;
use crate::wire::Repeat;

/// A command over one key. A command over several is refused while a slot is on its way, and keys seldom share one.
pub(crate) struct Part {
    slot: u16,
    command: Cmd,
    size: usize,
}

/// What goes to one node.
struct Group {
    node: Arc<Connections>,
    pipeline: Pipeline,
    /// The position of each command among all, its slot and size.
    places: Vec<(usize, u16, usize)>,
}

impl Part {
    pub(crate) fn new(key: &[u8], command: Cmd, size: usize) -> Self {
        Self {
            slot: slot::of(key),
            command,
            size,
        }
    }
}

impl Cluster {
    /// Sends commands that are harmless to repeat within one deadline; the answers have their order. A node that fails costs its own share.
    pub(crate) async fn batch(self: &Arc<Self>, parts: Vec<Part>, over: Over<'_>) -> Vec<Result<Value>> {
        let until = self.limits.until();
        let count = parts.len();
        let (groups, mut answers) = self.grouped(parts, until).await;
        let sent = groups.into_iter().map(|group| self.send(group, over, until));
        for group in join_all(sent).await {
            answers.extend(group);
        }
        debug_assert_eq!(answers.len(), count);
        answers.sort_unstable_by_key(|(place, _)| *place);
        answers.into_iter().map(|(_, answer)| answer).collect()
    }

    /// Commands by node, and the failures of those that have none.
    async fn grouped(
        self: &Arc<Self>,
        parts: Vec<Part>,
        until: Instant,
    ) -> (Vec<Group>, Vec<(usize, Result<Value>)>) {
        let mut groups: Vec<Group> = Vec::new();
        let mut failed = Vec::new();
        for (place, part) in parts.into_iter().enumerate() {
            let node = match self.owner(part.slot, until).await {
                Ok(node) => node,
                Err(error) => {
                    failed.push((place, Err(error)));
                    continue;
                }
            };
            let at = groups.iter().position(|group| Arc::ptr_eq(&group.node, &node));
            let at = at.unwrap_or_else(|| {
                groups.push(Group {
                    node,
                    pipeline: Pipeline::new(),
                    places: Vec::new(),
                });
                groups.len() - 1
            });
            groups[at].pipeline.add_command(part.command);
            groups[at].places.push((place, part.slot, part.size));
        }
        (groups, failed)
    }

    async fn send(
        self: &Arc<Self>,
        group: Group,
        over: Over<'_>,
        until: Instant,
    ) -> Vec<(usize, Result<Value>)> {
        let Group {
            node,
            pipeline,
            places,
        } = group;
        let size = places.iter().map(|(.., size)| size).sum();
        let answers = match self.noticed(
            node.call_until(&pipeline, over, size, Repeat::Harmless, until)
                .await,
        ) {
            Ok(answers) => answers,
            Err(error) => {
                let failed = places.into_iter().map(|(place, ..)| (place, Err(error.clone())));
                return failed.collect();
            }
        };
        let commands = pipeline.cmd_iter().zip(places).zip(answers);
        let followed = commands.map(async |((command, (place, slot, size)), answer)| {
            if Redirect::of(&answer).is_none() {
                return (place, Ok(answer));
            }
            let answer = self
                .follow(slot, command, over, size, Repeat::Harmless, until)
                .await;
            (place, answer)
        });
        join_all(followed).await
    }
}
