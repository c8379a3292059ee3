//! Types without fields of one's own.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt::Debug;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{read, refused, user};

#[test]
fn one_primitive_is_not_another() {
    refused::<u64>(&1u32);
    refused::<i32>(&1u32);
    refused::<u8>(&true);
    refused::<String>(&'a');
    refused::<Vec<u8>>("ab");
    refused::<String>(&vec![97u8]);
    refused::<f64>(&1.0f32);
    refused::<u8>(&Some(1u8));
    refused::<()>(&None::<()>);
    refused::<[u8; 3]>(&[1u8, 2]);
    refused::<(u8, u8)>(&vec![1u8, 2]);
    refused::<Vec<u32>>(&vec![1u64]);
    refused::<BTreeMap<u8, u8>>(&vec![(1u8, 2u8)]);
}

#[test]
fn what_is_written_borrowed_is_read_owned() {
    read("text", &"text".to_owned());
    read("text", &Arc::<str>::from("text"));
    read(&[1u8, 2][..], &vec![1u8, 2]);
    read(&vec![1u8, 2], &BTreeSet::from([1u8, 2]));
    read(&vec![1u8, 2], &VecDeque::from([1u8, 2]));
    read(&[1u8, 2], &(1u8, 2u8));
    read(&Some("text"), &Some("text".to_owned()));
    read(&Box::new(&Arc::new(user())), &user());
    read(&(), &());
    read(&[0u8; 0], &[0u8; 0]);
    read(
        &BTreeMap::from([("a", 1u8)]),
        &BTreeMap::from([("a".to_owned(), 1u8)]),
    );
    read(&Some(Some(vec![Some(user())])), &Some(Some(vec![Some(user())])));
    read(&Some(None::<u8>), &Some(None::<u8>));
    read(&(None::<u8>, 1u8), &(None::<u8>, 1u8));
}

#[test]
fn types_of_the_standard_library_come_back() {
    use std::net::{IpAddr, SocketAddr};
    use std::ops::{Bound, Range};
    use std::path::PathBuf;
    use std::time::{Duration, SystemTime};

    fn back<T: Serialize + DeserializeOwned + Debug + PartialEq>(value: &T) {
        read(value, value);
    }
    back(&IpAddr::from([1, 2, 3, 4]));
    back(&SocketAddr::from(([0u8; 16], 80)));
    back(&Duration::from_millis(1_500));
    back(&SystemTime::UNIX_EPOCH);
    back(&Range { start: 1, end: 2 });
    back(&Bound::<u8>::Unbounded);
    back(&Bound::Included(1u8));
    back(&PathBuf::from("a/b"));
    back(&std::num::NonZeroU16::MAX);
    back(&std::num::Wrapping(1u8));
    back(&std::cmp::Reverse(1u8));
    back(&std::ffi::CString::from(c"text"));
    back(&std::marker::PhantomData::<u8>);
    back(&"a".to_owned().into_boxed_str());
    back(&usize::MAX);
    back(&Err::<u8, String>("no".into()));
    back(&'ß');
}

#[test]
fn a_type_that_contains_itself_comes_back_however_deep_its_start_is() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Chain(Option<Box<Self>>);
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Tree(Vec<Self>);

    let chain = (0..30).fold(Chain(None), |chain, _| Chain(Some(Box::new(chain))));
    read(&chain, &chain);
    let tree = (0..30).fold(Tree(vec![]), |tree, _| Tree(vec![tree]));
    read(&tree, &tree);
}
