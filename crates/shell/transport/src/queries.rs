//! Queries to the DHT that run: what they have found so far, and who waits for them.

use std::collections::{BTreeSet, HashMap};
use std::time::{Duration, Instant};

use libp2p::PeerId;
use libp2p::kad::{
    self, GetClosestPeersError, GetClosestPeersOk, GetProvidersOk, GetRecordError, GetRecordOk,
    PutRecordError, QueryId, QueryResult,
};

use crate::address::{self, ADDRESSES_PER_PEER_MAX};
use crate::admission::known_addresses;
use crate::command::Reply;
use crate::key::from_id;
use crate::records::Records;
use crate::{Answer, Answers, Limits, PeerKey, PutError, QueryError};

/// A query and who waits for it.
pub(crate) enum Query {
    Put {
        reply: Reply<Result<(), PutError>>,
    },
    Get {
        answers: Answers,
        /// When the first of another peer came.
        answered: Option<Instant>,
        reply: Reply<Result<Answers, QueryError>>,
    },
    Provide {
        reply: Reply<Result<(), QueryError>>,
    },
    Providers {
        found: BTreeSet<PeerKey>,
        reply: Reply<Result<Vec<PeerKey>, QueryError>>,
    },
    Find {
        peer: PeerId,
        reply: Reply<Result<Vec<String>, QueryError>>,
    },
    Bootstrap {
        replies: Vec<Reply<Result<(), QueryError>>>,
    },
}

/// All queries that run on somebody's behalf.
pub(crate) struct Queries {
    running: HashMap<QueryId, Query>,
    running_max: usize,
    answers_enough: usize,
    answers_wait: Duration,
    record_bytes_max: usize,
}

impl Queries {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            running: HashMap::new(),
            running_max: limits.queries_max,
            answers_enough: limits.answers_enough,
            answers_wait: limits.answers_wait,
            record_bytes_max: limits.record_bytes_max,
        }
    }

    pub(crate) fn is_full(&self) -> bool {
        self.running.len() >= self.running_max
    }

    pub(crate) fn add(&mut self, id: QueryId, query: Query) {
        self.running.insert(id, query);
    }

    /// The bootstrap that runs already, to wait for it too.
    pub(crate) fn bootstrap(&mut self) -> Option<&mut Vec<Reply<Result<(), QueryError>>>> {
        self.running.values_mut().find_map(|query| match query {
            Query::Bootstrap { replies } => Some(replies),
            _ => None,
        })
    }

    /// Takes in what a query has found, and answers when it is over.
    pub(crate) fn progress(
        &mut self,
        table: &mut kad::Behaviour<Records>,
        id: QueryId,
        result: QueryResult,
        is_last: bool,
    ) {
        match (self.running.get_mut(&id), &result) {
            (
                Some(Query::Get { answers, answered, .. }),
                QueryResult::GetRecord(Ok(GetRecordOk::FoundRecord(found))),
            ) => {
                if found.record.value.len() <= self.record_bytes_max {
                    if found.peer.is_some() {
                        answered.get_or_insert_with(Instant::now);
                    }
                    let from = found.peer.as_ref().and_then(from_id);
                    answers.found.push(Answer { from, value: found.record.value.clone() });
                }
                let remote = answers.found.iter().filter(|answer| answer.from.is_some()).count();
                if remote >= self.answers_enough
                    && let Some(mut query) = table.query_mut(&id)
                {
                    query.finish();
                }
            }
            (
                Some(Query::Providers { found, .. }),
                QueryResult::GetProviders(Ok(GetProvidersOk::FoundProviders { providers, .. })),
            ) => found.extend(providers.iter().filter_map(from_id)),
            _ => {}
        }
        if is_last && let Some(query) = self.running.remove(&id) {
            end(table, query, result);
        }
    }

    /// Ends look-ups that have had an answer for long enough: the peers that are still asked are
    /// slow or dead, and many dead ones would hold up for a long time what is known already.
    pub(crate) fn look_at_the_clock(&self, table: &mut kad::Behaviour<Records>, now: Instant) {
        for (id, query) in &self.running {
            if let Query::Get { answered: Some(since), .. } = query
                && *since + self.answers_wait <= now
                && let Some(mut query) = table.query_mut(id)
            {
                query.finish();
            }
        }
    }
}

/// Answers who waits for a query. That nobody waits any more is fine.
fn end(table: &mut kad::Behaviour<Records>, query: Query, result: QueryResult) {
    match (query, result) {
        (Query::Put { reply }, QueryResult::PutRecord(result)) => {
            let _ = reply.send(result.map(|_| ()).map_err(put_error));
        }
        (Query::Get { answers, reply, .. }, QueryResult::GetRecord(result)) => {
            let _ = reply.send(complete(answers, result));
        }
        (Query::Provide { reply }, QueryResult::StartProviding(result)) => {
            let _ = reply.send(result.map(|_| ()).map_err(|_| QueryError::TimedOut));
        }
        (Query::Providers { found, reply }, QueryResult::GetProviders(result)) => {
            let found: Vec<_> = found.into_iter().collect();
            let timed_out = result.is_err() && found.is_empty();
            let _ = reply.send(if timed_out { Err(QueryError::TimedOut) } else { Ok(found) });
        }
        (Query::Find { peer, reply }, QueryResult::GetClosestPeers(result)) => {
            let peers = match result {
                Ok(GetClosestPeersOk { peers, .. })
                | Err(GetClosestPeersError::Timeout { peers, .. }) => peers,
            };
            let found = peers.into_iter().filter(|info| info.peer_id == peer);
            let mut addresses: Vec<String> = Vec::new();
            let told = found.flat_map(|info| info.addrs);
            for address in told.chain(known_addresses(table, &peer)) {
                let text = address::text(&address);
                if !addresses.contains(&text) && addresses.len() < ADDRESSES_PER_PEER_MAX {
                    addresses.push(text);
                }
            }
            let _ = reply.send(Ok(addresses));
        }
        (Query::Bootstrap { replies }, QueryResult::Bootstrap(result)) => {
            for reply in replies {
                let result = result.as_ref().map(|_| ()).map_err(|_| QueryError::TimedOut);
                let _ = reply.send(result);
            }
        }
        // A result belongs to the query of its id, so nothing else can meet here.
        _ => {}
    }
}

fn complete(
    mut answers: Answers,
    result: Result<GetRecordOk, GetRecordError>,
) -> Result<Answers, QueryError> {
    let timed_out = matches!(result, Err(GetRecordError::Timeout { .. }));
    let lacking: Vec<PeerId> = match result {
        Ok(GetRecordOk::FinishedWithNoAdditionalRecord { cache_candidates }) => {
            cache_candidates.into_values().collect()
        }
        Err(GetRecordError::NotFound { closest_peers, .. }) => closest_peers,
        Ok(GetRecordOk::FoundRecord(_)) | Err(GetRecordError::Timeout { .. }) => Vec::new(),
    };
    answers.lacking = lacking.iter().filter_map(from_id).collect();
    let is_empty = answers.found.is_empty() && answers.lacking.is_empty();
    match (is_empty, timed_out) {
        (true, true) => Err(QueryError::TimedOut),
        (true, false) => Err(QueryError::NoPeers),
        (false, _) => Ok(answers),
    }
}

fn put_error(error: PutRecordError) -> PutError {
    match error {
        PutRecordError::QuorumFailed { success, .. } => {
            PutError::TooFew { acknowledged: success.len() }
        }
        PutRecordError::Timeout { success, .. } => {
            PutError::TimedOut { acknowledged: success.len() }
        }
    }
}
