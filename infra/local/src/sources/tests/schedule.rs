//! Functions that run by the clock.

use std::sync::atomic::{AtomicBool, Ordering};

use super::*;

fn scheduled(input: Option<&str>, by_scheduler: bool) -> Template {
    let schedule = Schedule {
        name: "Often".to_owned(),
        every: Duration::from_hours(1),
        input: input.map(str::to_owned),
        by_scheduler,
    };
    Template { functions: vec![function(vec![], vec![], vec![schedule])], ..Template::default() }
}

async fn running(template: &Template, script: &Arc<Script>, tick: Option<Duration>) -> Rig {
    start(template, script, "http://127.0.0.1:1", None, tick).await
}

#[tokio::test]
async fn a_tick_runs_all_now_with_the_event_of_the_service() {
    for (by_scheduler, source, resource, detail) in [
        (false, "aws.events", "arn:aws:events:us-east-1:000000000000:rule/local-FOften", json!({})),
        (
            true,
            "aws.scheduler",
            "arn:aws:scheduler:us-east-1:000000000000:schedule/default/local-FOften",
            json!("{}"),
        ),
    ] {
        let script = Script::willing();
        let rig = running(&scheduled(None, by_scheduler), &script, None).await;
        rig.sources.tick().await;
        let [event] = script.events().try_into().expect("one event");
        assert_eq!((&event["source"], &event["detail"]), (&json!(source), &detail));
        assert_eq!(
            (&event["detail-type"], &event["resources"]),
            (&json!("Scheduled Event"), &json!([resource]))
        );
        assert!(event["id"].is_string() && event["time"].as_str().is_some_and(|time| time.ends_with('Z')));
    }
}

#[tokio::test]
async fn an_input_is_the_event() {
    let script = Script::willing();
    let rig = running(&scheduled(Some(r#"{"a":1}"#), false), &script, None).await;
    rig.sources.tick().await;
    assert_eq!(script.events(), [json!({"a": 1})]);
}

#[tokio::test]
async fn a_call_that_failed_is_made_again_as_often_as_the_function_says() {
    let fails = AtomicBool::new(true);
    let script =
        Script::new(
            move |_| if fails.swap(false, Ordering::SeqCst) { Err(failure()) } else { Ok(Value::Null) },
        );
    let rig = running(&scheduled(None, false), &script, None).await;
    rig.sources.tick().await;
    let events = script.events();
    assert_eq!(events.len(), 2);
    assert_eq!(events[0], events[1]);

    let script = Script::new(|_| Err(failure()));
    let rig = running(&scheduled(None, false), &script, None).await;
    rig.sources.tick().await;
    assert_eq!(script.events().len(), 2);
    assert_eq!(
        rig.console.kept().last().map(String::as_str),
        Some("f | schedule Often: given up after 2 calls")
    );
}

#[tokio::test]
async fn it_runs_again_and_again() {
    let script = Script::willing();
    let rig = running(&scheduled(None, false), &script, Some(Duration::from_millis(10))).await;
    until("three calls", || script.events().len() >= 3).await;
    rig.sources.stop().await;
    let calls = script.events().len();
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(script.events().len(), calls, "it has stopped");
}
