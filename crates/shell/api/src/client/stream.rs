//! Answers that come bit by bit: lines of JSON, events, bytes.

use std::marker::PhantomData;

use axum::body::Bytes;
use daemon::view::{ErrorView, JobView, JournalLine};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use serde::de::DeserializeOwned;

use super::{Answer, ClientError};
use crate::stream::{BrokenOff, Lost};

/// Bytes of one line at most: a job with all its problems is the longest.
const LINE_BYTES_MAX: usize = 4 << 20;

/// How the last line begins if an answer went wrong midway; no item begins so.
const BROKEN_OFF: &[u8] = b"{\"error\":";

/// The bytes of a file.
#[derive(Debug)]
pub struct FileBytes(Incoming);

impl FileBytes {
    pub(super) fn new(body: Incoming) -> Self {
        Self(body)
    }

    /// The next bytes; none at the end.
    ///
    /// # Errors
    /// The file was cut short: what has come is not the whole.
    pub async fn next(&mut self) -> Answer<Option<Bytes>> {
        while let Some(frame) = self.0.frame().await {
            if let Ok(bytes) = frame.map_err(ClientError::Broken)?.into_data() {
                return Ok(Some(bytes));
            }
        }
        Ok(None)
    }
}

/// Lines of text out of a body.
#[derive(Debug)]
struct TextLines {
    body: FileBytes,
    /// What has come; `taken` bytes of it were given out.
    buffer: Vec<u8>,
    taken: usize,
}

impl TextLines {
    fn new(body: Incoming) -> Self {
        Self { body: FileBytes(body), buffer: Vec::new(), taken: 0 }
    }

    /// The next line without its end; none at the end of the body.
    async fn next(&mut self) -> Answer<Option<Vec<u8>>> {
        let mut searched = self.taken;
        loop {
            if let Some(at) = self.buffer[searched..].iter().position(|byte| *byte == b'\n') {
                let end = searched + at;
                let line = self.buffer[self.taken..end].to_vec();
                self.taken = end + 1;
                return Ok(Some(line));
            }
            self.buffer.drain(..self.taken);
            self.taken = 0;
            searched = self.buffer.len();
            if searched > LINE_BYTES_MAX {
                return Err(ClientError::TooLarge);
            }
            match self.body.next().await? {
                Some(bytes) => self.buffer.extend_from_slice(&bytes),
                None if self.buffer.is_empty() => return Ok(None),
                None => return Err(ClientError::CutShort),
            }
        }
    }
}

/// Items of a list that may be long, in order.
#[derive(Debug)]
pub struct Lines<T> {
    lines: TextLines,
    item: PhantomData<T>,
}

impl<T: DeserializeOwned> Lines<T> {
    pub(super) fn new(body: Incoming) -> Self {
        Self { lines: TextLines::new(body), item: PhantomData }
    }

    /// The next item; none at the end.
    ///
    /// # Errors
    /// The list broke off: what has come is not the whole.
    pub async fn next(&mut self) -> Answer<Option<T>> {
        let Some(line) = self.lines.next().await? else { return Ok(None) };
        if line.starts_with(BROKEN_OFF) {
            let BrokenOff { error } = parse(&line)?;
            return Err(ClientError::Refused(error));
        }
        parse(&line).map(Some)
    }
}

/// One server-sent event (WHATWG HTML §9.2; ours have one line of data each).
#[derive(Debug, Default)]
struct Event {
    name: Vec<u8>,
    data: Vec<u8>,
}

async fn next_event(lines: &mut TextLines) -> Answer<Option<Event>> {
    let mut event = Event::default();
    while let Some(line) = lines.next().await? {
        if let Some(name) = line.strip_prefix(b"event: ") {
            event.name = name.to_vec();
        } else if let Some(data) = line.strip_prefix(b"data: ") {
            event.data = data.to_vec();
        } else if line.is_empty() && !event.data.is_empty() {
            if event.name == b"error" {
                return Err(ClientError::Refused(parse::<ErrorView>(&event.data)?));
            }
            return Ok(Some(event));
        }
    }
    Ok(None)
}

/// A job and its changes.
#[derive(Debug)]
pub struct JobEvents {
    lines: TextLines,
    is_over: bool,
}

impl JobEvents {
    pub(super) fn new(body: Incoming) -> Self {
        Self { lines: TextLines::new(body), is_over: false }
    }

    /// The job as it is now, then after each change; none after it was seen to be over.
    ///
    /// # Errors
    /// The daemon stops or the connection broke before the job was over.
    pub async fn next(&mut self) -> Answer<Option<JobView>> {
        if self.is_over {
            return Ok(None);
        }
        let event = next_event(&mut self.lines).await?.ok_or(ClientError::CutShort)?;
        let job: JobView = parse(&event.data)?;
        self.is_over = job.is_over();
        Ok(Some(job))
    }
}

/// What the journal brings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// One step of an automaton.
    Line(JournalLine),
    /// So many lines are missing here, for this reader was too slow.
    Lost(u64),
}

/// Every step of every automaton.
#[derive(Debug)]
pub struct Steps {
    lines: TextLines,
}

impl Steps {
    pub(super) fn new(body: Incoming) -> Self {
        Self { lines: TextLines::new(body) }
    }

    /// The next step; it has no end but an error.
    ///
    /// # Errors
    /// The daemon stops or the connection broke.
    pub async fn next(&mut self) -> Answer<Step> {
        let event = next_event(&mut self.lines).await?.ok_or(ClientError::CutShort)?;
        if event.name == b"lost" {
            let Lost { lost } = parse(&event.data)?;
            return Ok(Step::Lost(lost));
        }
        parse(&event.data).map(Step::Line)
    }
}

fn parse<T: DeserializeOwned>(json: &[u8]) -> Answer<T> {
    serde_json::from_slice(json).map_err(ClientError::Garbled)
}
