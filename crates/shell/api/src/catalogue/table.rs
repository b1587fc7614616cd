//! The table itself. A code, once given out, keeps its meaning.

use super::{Code, Kind};

const NOTHING: &str = "Nothing was changed.";
const SAFE_STAYS: &str = "Nothing is lost: what was safe stays safe.";

macro_rules! codes {
    ($($code:literal $kind:ident { $when:expr; $meaning:expr; $advice:expr })*) => {
        /// All codes, by subject.
        pub const CODES: &[Code] = &[$(Code {
            code: $code,
            kind: Kind::$kind,
            when: $when,
            meaning: $meaning,
            advice: $advice,
        }),*];
    };
}

codes! {
    // The home.
    "no-home" State {
        "The home has no identity yet.";
        NOTHING;
        "Make one with `bitdust init`, or name the right home with --home." }
    "home-exists" State {
        "`init` was called for a home that has an identity.";
        "The identity that is there was not touched.";
        "Use it, or choose another home with --home." }
    "home-in-use" State {
        "Another daemon or command works on this home.";
        NOTHING;
        "Use the daemon that runs (`bitdust status`), or end it first." }
    "home-damaged" Failed {
        "A file of the home cannot be read or is not valid, and no older generation of it is.";
        "The files that were backed up are safe at the suppliers.";
        "Move the home away and run `bitdust init --recover` with the 24 words." }
    "home-unusable" Failed {
        "The home cannot be found, made, read or written.";
        NOTHING;
        "Check the path, its owner and its mode, or choose another with --home." }

    "bad-settings" State {
        "The settings file is not TOML, has an unknown name, or a value that cannot be.";
        NOTHING;
        "Correct the line that is named, or compare with `bitdust config default`." }
    "keystore-not-written" NoSpace {
        "The keystore could not be written.";
        "The keys that were in the home are as they were, and their password opens them.";
        "Make room or check the disk and the mode of the home, then do it again." }
    "init-failed" Failed {
        "The identity could not be made or kept.";
        "There is no identity in this home yet.";
        "Look at the cause that is named and run `bitdust init` again." }
    "input-unreadable" Failed {
        "A file or an answer that is needed cannot be read.";
        NOTHING;
        "Check the path and its mode." }

    // Words and passwords.
    "wrong-password" Secret {
        "The password does not open the keystore.";
        NOTHING;
        "Try again. If it is forgotten, `bitdust init --recover` in a new home with the 24 words." }
    "password-needed" Secret {
        "A password is needed and there is no terminal to ask for it.";
        NOTHING;
        "Give a file that holds it with --password-file." }
    "password-mismatch" Secret {
        "The new password and its repetition differ.";
        NOTHING;
        "Try again." }
    "wrong-words" Secret {
        "The recovery words are not 24, not in the list, or do not belong together.";
        "No identity was made of them; nothing was changed.";
        "Compare them with what you wrote down: order and spelling both count." }
    "words-not-confirmed" Secret {
        "The words that were asked for again were not the right ones.";
        "No identity was made: nobody would have been able to recover it.";
        "Run `bitdust init` again and write the new words down." }

    // Between the command and the daemon.
    "usage" Usage {
        "A wrong flag, argument or combination.";
        NOTHING;
        "See --help." }
    "daemon-not-running" NotRunning {
        "No daemon answers for this home.";
        SAFE_STAYS;
        "Start it with `bitdust run`." }
    "daemon-stopping" NotRunning {
        "The daemon is stopping.";
        SAFE_STAYS;
        "Start it again with `bitdust run`." }
    "daemon-unreachable" Failed {
        "The daemon's socket is there, but the system does not let this user reach it.";
        NOTHING;
        "Run the command as the user that runs the daemon." }
    "daemon-broke-off" Failed {
        "The connection to the daemon ended before the answer did.";
        "What has come is not the whole. What was safe stays safe.";
        "Look whether the daemon runs (`bitdust status`) and try again." }
    "daemon-not-understood" Failed {
        "The daemon's answer makes no sense to this command.";
        SAFE_STAYS;
        "Command and daemon may differ in version: restart the daemon." }
    "daemon-failed" Failed {
        "The daemon could not start or had to end.";
        SAFE_STAYS;
        "Look at the cause that is named; then start it again." }
    "socket-unusable" Failed {
        "The daemon cannot listen at its socket.";
        SAFE_STAYS;
        "Look at the cause that is named; a home with a shorter path may help." }
    "interrupted" Interrupted {
        "The command was broken off by the user.";
        "A job belongs to the daemon and goes on.";
        "Follow it with `bitdust job follow ID`, end it with `bitdust job cancel ID`." }
    "output-failed" Failed {
        "The output could not be written.";
        NOTHING;
        "Check where it goes: a full disk or a closed pipe." }

    "demo-failed" Failed {
        "The demo could not go on.";
        "It works on data of its own: nothing of yours was touched.";
        "Look at the cause that is named; with --keep what it made stays to be looked at." }

    // The API.
    "bad-request" Usage {
        "A field, a value or a path of the request is not valid.";
        NOTHING;
        "The API is described at /v1/openapi.json." }
    "not-json" Usage {
        "The body of a request is not application/json.";
        NOTHING;
        "Send JSON and say so in Content-Type." }
    "no-such-route" Missing {
        "The API has no such route.";
        NOTHING;
        "The API is described at /v1/openapi.json." }
    "wrong-method" Usage {
        "The route exists, but not for this method.";
        NOTHING;
        "Reading is GET, everything with an effect is POST." }
    "too-large" TooLarge {
        "The request is larger than its limit.";
        NOTHING;
        "Send less at once." }
    "too-slow" TooBusy {
        "The request came too slowly.";
        NOTHING;
        "Send it again." }
    "busy" TooBusy {
        "The daemon has as many requests as it takes, or another backup runs.";
        NOTHING;
        "Try again in a moment." }

    // What is named.
    "no-such-job" Missing {
        "No job has this id.";
        NOTHING;
        "See `bitdust job list`." }
    "no-such-version" Missing {
        "There is no such version.";
        NOTHING;
        "See `bitdust version list`." }
    "no-such-path" Missing {
        "The version, or this computer, has no such path.";
        NOTHING;
        "See `bitdust version show N --recursive`." }
    "no-such-setting" Missing {
        "There is no such setting.";
        NOTHING;
        "See `bitdust config show`." }
    "bad-setting" Usage {
        "A setting cannot have this value.";
        "Nothing was changed: the settings are as they were.";
        "See `bitdust config default` for the form of each." }
    "no-such-service" Missing {
        "There is no such service.";
        NOTHING;
        "See `bitdust service list`." }
    "no-such-automaton" Missing {
        "There is no such automaton.";
        NOTHING;
        "See `bitdust automata list`." }
    "no-such-supplier" Missing {
        "No supplier of yours has this device.";
        NOTHING;
        "See `bitdust supplier list`." }
    "no-such-customer" Missing {
        "No customer of yours has this identity.";
        NOTHING;
        "See `bitdust customer list`." }

    // Jobs.
    "job-cancelled" State {
        "The job was cancelled.";
        "What is safe already stays safe and is not sent again.";
        "Begin it again when you want it." }
    "job-failed" Failed {
        "The job could not reach its end.";
        SAFE_STAYS;
        "Look at it with `bitdust job show ID`." }
    "too-few-suppliers" TooFewSuppliers {
        "Fewer suppliers can be reached, or hired, than the work needs.";
        "Nothing is lost as long as the missing suppliers come back; nothing wrong was written.";
        "Wait for the ones that are named, or hire others: `bitdust supplier hire`." }
    "held-up" State {
        "A supplier takes nothing, so the backup cannot go on.";
        "What is safe already stays safe; the rest of the backup is not stored.";
        "Look at `bitdust supplier list`. Start the backup again: nothing safe is sent twice." }
    "own-disk" NoSpace {
        "A disk of this computer is full or fails.";
        "What was reported as safe stays safe at the suppliers.";
        "Make room or check the disk, then start it again." }
    "drive-not-ready" State {
        "The drive is not in hand yet: it is still looked for in the network.";
        "Nothing was changed. Nothing is published before it is known what is there already.";
        "Wait until `bitdust status` says that it is ready, or give the address of a running node." }
    "service-off" State {
        "A service that is needed does not run.";
        NOTHING;
        "Start it with `bitdust service start NAME`." }
    "unknown" Missing {
        "There is nothing that is named like this.";
        NOTHING;
        "See the list of what was named." }
    "damaged" Failed {
        "Data at the suppliers contradicts what was signed.";
        "No wrong byte was written. Other fragments of the same data may still bring it back.";
        "Run `bitdust check --percent 100` and look at `bitdust supplier list`." }
    "setting" State {
        "A setting does not allow it.";
        NOTHING;
        "Change it with `bitdust config set`." }
    "outside" Failed {
        "Something outside of the node failed: a file, a disk, the system.";
        "What was safe stays safe; nothing was written outside its place.";
        "Look at the cause that is named, then start it again." }

    // The network.
    "not-reached" Failed {
        "A node does not answer at the address, or does not say who it is.";
        NOTHING;
        "Check the address and whether that node runs, in the same network." }
    "supplier-store-damaged" Failed {
        "The fragments that are kept for others cannot be opened.";
        "Your own data is not touched; others hold other fragments of the same data.";
        "Check the disk; if it cannot be saved, set supplier.path to another directory." }
}
