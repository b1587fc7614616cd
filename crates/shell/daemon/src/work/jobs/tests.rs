//! The table of jobs.

use base::JobId;
use node::input::Failure;
use node::output::{JobState, Safety};

use super::{Jobs, Ledger, Owner};
use crate::view::CheckRequest;
use crate::work::JobRequest;

fn check() -> JobRequest {
    JobRequest::Check(CheckRequest { percent: 1 })
}

fn state(state: &'static str) -> JobState {
    JobState { state, waits_for: None, failure: None, safety: None }
}

fn id(number: u8) -> JobId {
    JobId([number; 32])
}

#[test]
fn what_the_node_says_before_the_answer_is_not_lost() {
    let jobs = Jobs::default();
    let request = jobs.request(check());
    let waits_for = Some(Failure::DriveNotReady);
    jobs.changed(id(1), JobState { waits_for, ..state("waiting") });
    let job = jobs.bind(request, id(1)).unwrap();
    assert_eq!(job.view().state, "waiting");
    assert!(job.view().doing.contains("not in hand"), "{}", job.view().doing);
    assert!(jobs.bind(request, id(2)).is_none(), "a request is one job");
}

#[test]
fn a_refused_request_is_no_job() {
    let jobs = Jobs::default();
    let request = jobs.request(check());
    jobs.forget(request);
    assert!(jobs.bind(request, id(1)).is_none());
}

#[test]
fn the_last_ones_that_are_over_are_still_told_of() {
    let jobs = Jobs::default();
    for number in 0..100 {
        jobs.add(id(number), check(), Owner::Node);
        let over = if number == 3 { "running" } else { "done" };
        jobs.changed(id(number), state(over));
    }
    jobs.add(id(100), check(), Owner::Node);
    let views = jobs.views();
    assert_eq!(views.len(), 66);
    assert_eq!(views[0].id, id(100).to_string());
    assert!(jobs.job(id(3)).is_some() && jobs.job(id(4)).is_none());
}

#[test]
fn problems_are_listed_up_to_a_limit_and_all_counted() {
    let jobs = Jobs::default();
    let job = jobs.add(id(1), check(), Owner::Node);
    for number in 0..1_200 {
        job.problem(number.to_string(), "why".into());
    }
    let view = job.view();
    assert_eq!((view.problems.len(), view.problems_total), (1_000, 1_200));
    job.begin();
    assert_eq!((job.view().problems.len(), job.view().problems_total), (0, 0));
}

#[test]
fn those_who_watch_learn_of_the_end_whatever_the_pace() {
    let jobs = Jobs::default();
    let job = jobs.add(id(1), check(), Owner::Node);
    let mut watch = job.watch();
    for _ in 0..1_000 {
        job.update(|view| view.files_done += 1);
    }
    watch.mark_unchanged();
    let safety = Some(Safety::Safe { may_lose: 3 });
    jobs.changed(id(1), JobState { safety, ..state("done") });
    assert!(watch.has_changed().unwrap());
    let view = watch.borrow_and_update().clone();
    assert_eq!((view.state.as_str(), view.files_done), ("done", 1_000));
    assert_eq!(view.safety.as_deref(), Some("safe"));
    assert!(view.ended.is_some() && view.eta_ms.is_none());
}

#[test]
fn an_estimate_needs_totals_and_some_work() {
    let jobs = Jobs::default();
    let job = jobs.add(id(1), check(), Owner::Node);
    jobs.changed(id(1), state("running"));
    job.update(|view| (view.bytes_done, view.bytes_total) = (10, 100));
    job.flush();
    assert_eq!(job.view().eta_ms, None);
    job.has_totals();
    job.flush();
    assert!(job.view().eta_ms.is_some());
    jobs.changed(id(1), state("paused"));
    assert_eq!(job.view().eta_ms, None);
}

#[test]
fn the_ledger_keeps_requests_of_open_jobs_and_the_end_of_others() {
    let home = tempfile::TempDir::new().unwrap();
    let (ledger, kept) = Ledger::open(home.path());
    assert!(kept.is_empty());
    let jobs = Jobs::default();
    for number in 1..=4 {
        jobs.add(id(number), check(), if number == 4 { Owner::Worker } else { Owner::Node });
    }
    let job = jobs.job(id(1)).unwrap();
    job.update(|view| view.files_done = 7);
    (0..100).for_each(|_| job.problem("what".into(), "why".into()));
    assert!(jobs.changed(id(1), state("done")));
    assert!(!jobs.changed(id(2), state("running")), "nothing that a restart asks for");
    assert!(jobs.changed(id(3), state("paused")));
    ledger.save(&jobs).unwrap();

    let (ledger, kept) = Ledger::open(home.path());
    let jobs = Jobs::of(kept);
    let told: Vec<_> = jobs.views().into_iter().map(|view| (view.id, view.state)).collect();
    let expected = [(3, "paused"), (2, "waiting"), (1, "done")];
    assert_eq!(told, expected.map(|(number, state)| (id(number).to_string(), state.to_owned())));
    let over = jobs.view(id(1)).unwrap();
    assert_eq!((over.files_done, over.problems.len(), over.problems_total), (7, 20, 100));
    assert!(jobs.job(id(1)).is_none() && jobs.watch(id(1)).is_some());

    // A damaged list is none.
    ledger.save(&jobs).unwrap();
    for name in ["jobs", "jobs.1"] {
        std::fs::write(home.path().join(name), "{").unwrap();
    }
    assert!(Ledger::open(home.path()).1.is_empty());
}

#[test]
fn history_and_jobs_that_are_over_are_limited_together() {
    let home = tempfile::TempDir::new().unwrap();
    let (ledger, _) = Ledger::open(home.path());
    let jobs = Jobs::default();
    for number in 0..100 {
        jobs.add(id(number), check(), Owner::Node);
        jobs.changed(id(number), state("done"));
    }
    ledger.save(&jobs).unwrap();
    let jobs = Jobs::of(Ledger::open(home.path()).1);
    for number in 100..110 {
        jobs.add(id(number), check(), Owner::Node);
        jobs.changed(id(number), state("done"));
    }
    jobs.add(id(110), check(), Owner::Node);
    let views = jobs.views();
    assert_eq!((views.len(), views[0].id == id(110).to_string()), (65, true));
    assert!(jobs.view(id(54)).is_some() && jobs.view(id(45)).is_none());
}

#[test]
fn jobs_that_are_not_over_are_limited() {
    let jobs = Jobs::default();
    for number in 0..64 {
        assert!(!jobs.is_full());
        jobs.add(id(number), check(), Owner::Node);
    }
    assert!(jobs.is_full());
    jobs.changed(id(0), state("done"));
    assert!(!jobs.is_full());
}
