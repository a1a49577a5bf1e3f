//! Conformance: what a plugNmeet server was recorded to say, against what ours says to the same requests; and what its
//! webhooks told a receiver, against what ours tell ([`webhooks`]).
//!
//! The comparison is strict ([`compare`]). Every wanted difference is a rule that says exactly what ours must answer
//! instead ([`wanted`]). What is neither equal nor wanted is short, and there must be none of it.

mod compare;
mod recording;
mod replay;
mod wanted;
mod webhooks;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use testing::Server;

use recording::{KEY, Said, Scenario};
use replay::{Outcome, Replayed};
use wanted::{SAMPLES, Samples};

/// Scenarios that are asked at a time.
const AT_A_TIME: usize = 6;

/// The parameters of the recorded server's other configuration.
const FULL: [(&str, &str); 6] = [
    ("MaxRoomDurationMinutes", "90"),
    ("MaxParticipants", "40"),
    ("InsightsAllowed", "true"),
    ("SipDialInAllowed", "true"),
    ("MaxBreakoutRooms", "16"),
    ("CopyrightOverride", "true"),
];

/// The client's files on the recorded server; under the other configuration they are elsewhere.
const CLIENT: (&str, &str) = (
    "ClientFilesManifest",
    r#"{"css": ["main.1a2b3c.css", "vendor.99.css"],
        "js": ["vendor.ghi.js", "main-module.def.js", "tflite.1.js", "runtime.abc.js"]}"#,
);
const CLIENT_ELSEWHERE: (&str, &str) = (
    "ClientFilesManifest",
    r#"{"css": ["main.1a2b3c.css", "vendor.99.css"],
        "js": ["vendor.ghi.js", "main-module.def.js", "tflite.1.js", "runtime.abc.js"],
        "static_assets_path": "https://cdn.example.org/assets"}"#,
);

/// A deployment that scenarios are replayed on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Deployment {
    /// With the parameters' defaults.
    Plain,
    /// With the other configuration.
    Full,
    /// With nothing: no client, and no rooms of other scenarios.
    Empty,
}

impl Deployment {
    /// The one that a scenario was recorded on.
    fn of(scenario: &Scenario) -> Self {
        match scenario.id.as_str() {
            "state/past-rooms-paging" | "debugconf/client-files-no-dist" => Self::Empty,
            "webhooks/config-limits" => Self::Full,
            _ if scenario.folder == "fullconf" => Self::Full,
            _ => Self::Plain,
        }
    }

    fn parameters(self) -> Vec<(&'static str, &'static str)> {
        match self {
            Self::Plain => vec![CLIENT],
            Self::Full => FULL.into_iter().chain([CLIENT_ELSEWHERE]).collect(),
            Self::Empty => vec![],
        }
    }
}

type Outcomes = Vec<(String, usize, Outcome)>;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ours_answers_what_the_recorded_server_answers() {
    let scenarios = Arc::new(recording::scenarios());
    let samples = SAMPLES.map(|id| (id, Said::recorded(&scenarios[id].steps[0])));
    let samples = Arc::new(Samples(samples.into_iter().collect()));
    let mut outcomes = vec![];
    for deployment in [Deployment::Plain, Deployment::Full, Deployment::Empty] {
        let server = Server::start(|options| {
            options.api_key = KEY.to_owned();
            // Rooms are swept when a scenario says so.
            options.tick = Some(Duration::from_hours(24));
            let parameters = deployment.parameters().into_iter();
            options.overrides = parameters.map(|(name, value)| (name.into(), value.into())).collect();
        });
        let server = Arc::new(server.await);
        let full = deployment == Deployment::Full;
        let ids = scenarios.values().filter(|scenario| Deployment::of(scenario) == deployment);
        let ids: Vec<String> = ids.map(|scenario| scenario.id.clone()).collect();
        let mut workers = tokio::task::JoinSet::new();
        for worker in 0..AT_A_TIME {
            let ids: Vec<String> = ids.iter().skip(worker).step_by(AT_A_TIME).cloned().collect();
            let (server, scenarios, samples) = (server.clone(), scenarios.clone(), samples.clone());
            workers.spawn(async move {
                let mut replayed = vec![];
                for id in ids {
                    let of_scenario = replay::replay(&server, &scenarios[&id], &samples, full).await;
                    replayed.push((id, of_scenario));
                }
                replayed
            });
        }
        let replayed = workers.join_all().await.into_iter().flatten().collect();
        outcomes.extend(with_webhooks(&server, replayed).await);
        Arc::into_inner(server).expect("all workers are done").stop().await;
    }
    let short = print_table(&outcomes);
    assert_eq!(short, 0, "steps are short of the recordings");
    let used: BTreeSet<usize> =
        outcomes.iter().flat_map(|(_, _, outcome)| outcome.rules()).copied().collect();
    let unused = wanted::rules().enumerate().filter(|(place, _)| !used.contains(place));
    assert_eq!(unused.map(|(_, (name, _))| name).collect::<Vec<_>>(), [""; 0], "rules that nothing needs");
}

/// What came of the scenarios' steps, and of their webhooks, once all have come.
async fn with_webhooks(server: &Server, replayed: Vec<(String, Replayed)>) -> Outcomes {
    for (webhooks, _) in replayed.iter().filter_map(|(_, replayed)| replayed.webhooks.as_ref()) {
        webhooks.come(server).await;
    }
    let mut outcomes = Outcomes::new();
    for (id, Replayed { outcomes: of_steps, webhooks }) in replayed {
        let of_webhooks = webhooks.map(|(webhooks, mut ids)| webhooks.compare(&mut ids));
        let all = of_steps.into_iter().chain(of_webhooks.into_iter().flatten());
        outcomes.extend(all.map(|(step, outcome)| (id.clone(), step, outcome)));
    }
    outcomes
}

/// Prints what came of every folder and how often each rule was needed; says how many steps are short.
fn print_table(outcomes: &Outcomes) -> usize {
    let mut folders: BTreeMap<&str, [usize; 4]> = BTreeMap::new();
    let mut rules: BTreeMap<usize, usize> = BTreeMap::new();
    let mut left: BTreeMap<&str, usize> = BTreeMap::new();
    for (id, step, outcome) in outcomes {
        let folder = id.split('/').next().unwrap_or_default();
        let column = match outcome {
            Outcome::Equal => 0,
            Outcome::Wanted(_) => 1,
            Outcome::Short(differences) => {
                println!("SHORT {id}, step {step}:\n    {}", differences.join("\n    "));
                2
            }
            Outcome::Left(why) => {
                *left.entry(why).or_default() += 1;
                3
            }
        };
        outcome.rules().iter().for_each(|rule| *rules.entry(*rule).or_default() += 1);
        folders.entry(folder).or_default()[column] += 1;
        folders.entry("all").or_default()[column] += 1;
    }
    println!("\n{:12}{:>8}{:>8}{:>8}{:>12}", "folder", "equal", "wanted", "short", "not asked");
    for (folder, [equal, wanted, short, left]) in &folders {
        println!("{folder:12}{equal:8}{wanted:8}{short:8}{left:12}");
    }
    println!("\nwanted differences");
    for (place, (name, why)) in wanted::rules().enumerate() {
        println!("{:6}  {name}: {why}", rules.get(&place).unwrap_or(&0));
    }
    println!("\nnot asked");
    for (why, count) in left {
        println!("{count:6}  {why}");
    }
    folders["all"][2]
}
