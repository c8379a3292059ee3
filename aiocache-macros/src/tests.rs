//! Expansions as they are, pretty-printed and compared with `tests/snapshots`; `UPDATE_SNAPSHOTS=1` writes them anew.

use std::path::Path;
use std::{env, fs};

use proc_macro2::TokenStream;
use quote::quote;
use syn::parse_quote;

use crate::attribute::Attribute;

fn assert_snapshot(name: &str, attribute: Attribute, options: TokenStream, item: TokenStream) {
    let tokens = crate::attribute(attribute, parse_quote!(::aiocache), options, item);
    let file = syn::parse2(tokens).expect("an expansion is a list of items");
    let printed = prettyplease::unparse(&file);
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/snapshots")
        .join(name)
        .with_extension("rs");
    if env::var_os("UPDATE_SNAPSHOTS").is_some() {
        fs::write(&path, &printed).expect("the snapshot can be written");
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(
        printed, expected,
        "{name} expands to something else; UPDATE_SNAPSHOTS=1 accepts it"
    );
}

#[test]
fn a_function_gets_a_wrapper_and_controls() {
    let options = quote!(
        cache = USERS,
        ttl = "1m",
        max_wait = 2.5,
        skip(db),
        version = 3,
        cache_none
    );
    let item = quote! {
        /// Loads a user.
        #[tracing::instrument]
        pub(crate) async fn load_user<D: Db>(db: &D, id: u64, (a, b): (u8, u8)) -> Result<Option<User>, Error> {
            db.load(id, a, b).await
        }
    };
    assert_snapshot("function", Attribute::Cached, options, item);
}

#[test]
fn a_method_keeps_its_body() {
    let options = quote!(
        cache = self.cache,
        key = "{self.tenant}/{id}%{{}}",
        skip_if = User::is_guest,
        namespace = self.ns()
    );
    let item = quote! {
        async fn load<'a>(&'a self, mut id: u64) -> Result<Cow<'a, str>, Error> {
            id += 1;
            self.db.load(id).await
        }
    };
    assert_snapshot("method", Attribute::Cached, options, item);
}

#[test]
fn a_rewritten_method_keeps_its_box() {
    let item = quote! {
        fn load<'life0, 'async_trait>(
            &'life0 self,
            id: u64,
        ) -> ::core::pin::Pin<Box<dyn ::core::future::Future<Output = Option<u64>> + ::core::marker::Send + 'async_trait>>
        where
            'life0: 'async_trait,
            Self: 'async_trait,
        {
            Box::pin(async move {
                let __self = self;
                Some(__self.base + id)
            })
        }
    };
    assert_snapshot(
        "async_trait",
        Attribute::Cached,
        quote!(cache = self.cache, skip(self)),
        item,
    );
}

#[test]
fn a_bulk_function_asks_for_what_is_missing() {
    let options = quote!(cache = state.cache, keys = ids, ttl = "never", skip(state));
    let item = quote! {
        pub async fn load_users(state: App, ids: &[u64], lang: String) -> Result<HashMap<u64, User>, Error> {
            state.db.load(ids, lang).await
        }
    };
    assert_snapshot("bulk_function", Attribute::MultiCached, options, item);
}

#[test]
fn a_bulk_method_keeps_its_body() {
    let options = quote!(
        cache = self.cache,
        keys = ids,
        key_builder = build,
        ttl = self.ttl(),
        controls = false
    );
    let item = quote! {
        async fn load(&self, mut ids: HashSet<u64>, lang: String) -> HashMap<u64, User> {
            self.db.load(ids, lang).await
        }
    };
    assert_snapshot("bulk_method", Attribute::MultiCached, options, item);
}

#[test]
fn a_detached_load_owns_all_it_needs() {
    let options = quote!(cache = self.cache, key = "{id}", detached);
    let item = quote! {
        async fn load(&self, id: u64, mut name: &str) -> Option<User> {
            name = self.short(name);
            self.db.load(id, name).await
        }
    };
    assert_snapshot("detached_method", Attribute::Cached, options, item);
}

#[test]
fn a_writer_stores_without_reading() {
    let options = quote!(
        cache = self.cache,
        key = "user:{user.id}",
        ttl_with = User::lifetime
    );
    let item = quote! {
        async fn store(&mut self, user: User) -> Result<User, Error> {
            self.db.store(user).await
        }
    };
    assert_snapshot("put_method", Attribute::CachePut, options, item);
}

#[test]
fn keys_to_evict_are_built_before_the_body_runs() {
    let options = quote!(
        cache = self.cache,
        key = "user:{id}",
        key = "users",
        of = users::load,
        key(id, name)
    );
    let item = quote! {
        /// Renames a user.
        async fn rename(&self, id: u64, name: &str) -> Result<(), Error> {
            self.db.rename(id, name).await
        }
    };
    assert_snapshot("evict_method", Attribute::CacheEvict, options, item);
}

#[test]
fn on_an_error_the_function_survives() {
    let item = quote!(
        async fn load(id: u64) -> Option<u64> {
            Some(id)
        }
    );
    let tokens = crate::attribute(
        Attribute::Cached,
        parse_quote!(::aiocache),
        quote!(ttl = 0, tll = 1),
        item.clone(),
    );
    let printed = tokens.to_string();
    assert_eq!(
        printed.matches("compile_error").count(),
        3,
        "ttl, tll and the missing cache: {printed}"
    );
    assert!(printed.ends_with(&item.to_string()), "{printed}");
}
