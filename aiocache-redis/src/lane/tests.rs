use redis::{AsyncConnectionConfig, ProtocolVersion, RedisConnectionInfo};
use tokio::time::advance;

use super::*;

const PATIENCE: Duration = Duration::from_millis(500);

/// A connection to nobody, without a handshake.
async fn link() -> Link {
    let info = RedisConnectionInfo::default()
        .set_protocol(ProtocolVersion::RESP2)
        .set_skip_set_lib_name();
    let (here, _there) = tokio::io::duplex(64);
    let (link, _driver) = Link::new_with_config(&info, here, AsyncConnectionConfig::new())
        .await
        .expect("nothing is asked");
    link
}

async fn lane_with_connection() -> Lane {
    let lane = Lane::default();
    lane.install(link().await, Arc::default());
    lane
}

#[test]
fn pauses_grow_to_the_ceiling_and_are_spread() {
    for (failures, whole) in [(0, 50), (1, 100), (2, 200), (3, 250), (40, 250)] {
        let pauses: Vec<_> = (0..64).map(|_| pause_after(failures)).collect();
        let whole = Duration::from_millis(whole);
        assert!(pauses.iter().all(|&pause| pause >= whole / 2 && pause <= whole));
        assert!(pauses.iter().any(|&pause| pause != pauses[0]));
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_was_only_not_used_is_no_failure_when_it_goes() {
    for (timeouts, wait, failures) in [
        (0, 2 * LAST_PAUSE, 0),
        (1, 2 * LAST_PAUSE, 1),
        (0, LAST_PAUSE / 2, 1),
    ] {
        let lane = lane_with_connection().await;
        let live = lane.current().expect("just made");
        for _ in 0..timeouts {
            assert!(!live.health.timed_out());
        }
        advance(wait).await;
        lane.lost(&live);
        let state = lane.lock();
        assert_eq!(state.failures, failures, "{timeouts} timeouts, after {wait:?}");
        assert_eq!(state.pause_end().is_some(), failures > 0);
    }
}

#[tokio::test(start_paused = true)]
async fn patience_with_a_server_that_accepts_and_drops_ends_with_the_first_deadline() {
    let lane = lane_with_connection().await;
    let start = Instant::now();
    let mut dropped = 0;
    loop {
        lane.lost(&lane.current().expect("installed"));
        dropped += 1;
        let end = lane.lock().pause_end().expect("a pause after each");
        if lane.next_step(PATIENCE).is_err() {
            break;
        }
        assert!(end < start + PATIENCE, "after {:?}", start.elapsed());
        advance(end - Instant::now()).await;
        lane.install(link().await, Arc::default());
    }
    assert!((3..=6).contains(&dropped), "{dropped}");

    // One that works makes up for them.
    advance(LAST_PAUSE).await;
    lane.install(link().await, Arc::default());
    let live = lane.current().expect("installed");
    live.health.answered();
    lane.lost(&live);
    assert!(lane.next_step(PATIENCE).is_ok());
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_a_server_that_is_away_does_so_to_the_end_of_its_patience() {
    // The pauses are spread by chance.
    for _ in 0..100 {
        let lane = lane_with_connection().await;
        let live = lane.current().expect("installed");
        live.health.answered();
        lane.lost(&live);
        let start = Instant::now();
        let refused = Error::new(ErrorKind::Unavailable, "refused");
        while let Some(pause) = lane.failed(&refused, PATIENCE) {
            assert!(lane.next_step(PATIENCE).is_ok());
            advance(pause).await;
        }
        let waited = start.elapsed();
        assert!(
            waited <= PATIENCE && waited >= PATIENCE - 2 * LAST_MOMENT,
            "{waited:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_failure_that_will_not_pass_ends_the_wait_at_once_and_is_forgotten_with_the_next_connection() {
    let lane = lane_with_connection().await;
    let live = lane.current().expect("installed");
    live.health.answered();
    lane.lost(&live);
    let wrong = Error::new(ErrorKind::Server, "the password is wrong");
    assert_eq!(lane.failed(&wrong, PATIENCE), None);
    assert!(lane.next_step(PATIENCE).is_err());
    lane.install(link().await, Arc::default());
    let live = lane.current().expect("installed");
    live.health.answered();
    lane.lost(&live);
    assert!(lane.next_step(PATIENCE).is_ok());
}
