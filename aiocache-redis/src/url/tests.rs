use super::*;

fn host(url: &str) -> ConnectionInfo {
    read(url).expect(url).hosts.remove(0)
}

#[test]
fn a_bad_url_is_told_why_and_never_quoted() {
    for (url, why) in [
        ("", "no scheme"),
        ("s3cret@localhost:6379", "no scheme"),
        ("http://:s3cret@localhost", "scheme is another"),
        ("unix-cluster://:s3cret@localhost", "scheme is another"),
        ("redis://", "missing hostname"),
        ("redis://:s3cret@0.0.0.0", "wildcard"),
        ("redis://:s3cret@localhost:99999", "cannot be read"),
        ("redis://:s3cret#x@localhost", "cannot be read"),
        ("redis://localhost/0#s3cret", "%23"),
        ("redis://:s3cret@localhost/one", "invalid database number"),
        ("redis://:s3cret@localhost/-1", "negative"),
        ("redis://localhost?protocol=s3cret", "neither 2 nor 3"),
        ("redis://localhost?pool=s3cret", "unknown option pool"),
        ("redis://localhost?ca_file=s3cret", "unknown option ca_file"),
        ("redis://localhost?s3cret=1", "unknown option …"),
        ("redis+unix://", "missing path"),
    ] {
        let error = read(url).expect_err(url);
        let text = error.to_string();
        assert_eq!(error.kind(), ErrorKind::InvalidConfig, "{url}");
        assert!(text.contains(why), "{url}: {text}");
        assert!(text.contains("redis://[user"), "{text}");
        assert!(!format!("{text}{error:?}").contains("s3cret"), "{text}");
    }
}

#[test]
fn a_scheme_without_its_feature_names_the_feature() {
    for (url, feature, there) in [
        ("rediss://:s3cret@localhost", "tls", cfg!(feature = "tls")),
        (
            "redis-cluster://:s3cret@a,b",
            "cluster",
            cfg!(feature = "cluster"),
        ),
        (
            "redis-sentinel://:s3cret@a/m",
            "sentinel",
            cfg!(feature = "sentinel"),
        ),
    ] {
        match read(url) {
            Ok(_) => assert!(there, "{url}"),
            Err(error) => {
                let text = error.to_string();
                assert!(
                    !there && text.contains(&format!("redis-{feature} of aiocache")),
                    "{text}"
                );
                assert!(!text.contains("s3cret"));
            }
        }
    }
}

#[test]
fn resp3_is_spoken_unless_the_url_says_otherwise() {
    for (url, protocol) in [
        ("redis://localhost", ProtocolVersion::RESP3),
        ("redis://localhost?protocol=2", ProtocolVersion::RESP2),
        (
            "redis+unix:///tmp/socket?db=2&protocol=resp3",
            ProtocolVersion::RESP3,
        ),
    ] {
        assert_eq!(host(url).redis_settings().protocol(), protocol);
    }
}

#[test]
fn credentials_and_database_are_read() {
    let info = host("redis://user:p%23ss@example.org:7000/3");
    let settings = info.redis_settings();
    assert_eq!(settings.username(), Some("user"));
    assert_eq!(settings.password(), Some("p#ss"));
    assert_eq!(settings.db(), 3);
}

#[cfg(feature = "tls")]
#[test]
fn tls_takes_files_and_never_turns_the_check_off() {
    let target = read("rediss://host?ca_file=/a/ca.pem&cert_file=c.pem&key_file=k%20.pem").expect("good");
    assert_eq!(target.files.ca, Some("/a/ca.pem".into()));
    assert_eq!(target.files.certificate, Some("c.pem".into()));
    assert_eq!(target.files.key, Some("k .pem".into()));
    let error = read("rediss://host/#insecure").expect_err("refused");
    assert!(error.to_string().contains("always checked"), "{error}");
}

#[cfg(feature = "cluster")]
#[test]
fn a_cluster_has_several_hosts_with_one_login() {
    let target = read("redis-cluster://user:p%2Cw@a:7000,b,[::1]:7001?protocol=2").expect("good");
    assert_eq!(target.kind, Kind::Cluster);
    let hosts: Vec<_> = target.hosts.iter().map(|host| host.addr().to_string()).collect();
    assert_eq!(hosts, ["a:7000", "b:6379", "::1:7001"]);
    for host in &target.hosts {
        assert_eq!(host.redis_settings().password(), Some("p,w"));
        assert_eq!(host.redis_settings().protocol(), ProtocolVersion::RESP2);
    }
    let error = read("redis-cluster://a/1").expect_err("refused");
    assert!(error.to_string().contains("database 0 only"), "{error}");
}

#[cfg(feature = "sentinel")]
#[test]
fn sentinels_come_with_the_name_of_their_master() {
    let target = read("redis-sentinel://:pass@a,b:7000,[::1]/my-master?db=2").expect("good");
    assert_eq!(target.kind, Kind::Sentinel("my-master".to_owned()));
    let hosts: Vec<_> = target.hosts.iter().map(|host| host.addr().to_string()).collect();
    assert_eq!(hosts, ["a:26379", "b:7000", "::1:26379"]);
    assert_eq!(target.hosts[0].redis_settings().db(), 2);
    for bad in [
        "redis-sentinel://a",
        "redis-sentinel://a/",
        "redis-sentinel://a/b/c",
    ] {
        let error = read(bad).expect_err(bad);
        assert!(error.to_string().contains("master's name"), "{error}");
    }
}
