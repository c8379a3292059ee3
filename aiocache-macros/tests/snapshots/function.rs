/// Loads a user.
/**

# Controls

The result is cached. `load_user::key(…)` gives the stored key, `load_user::peek(…)` reads without loading, `load_user::set(…)` stores a value, `load_user::invalidate(…)` removes it, `load_user::refresh(…)` loads anew and stores, `load_user::uncached(…)` runs the function alone.*/
#[tracing::instrument]
pub(crate) async fn load_user<D: Db>(
    db: &D,
    id: u64,
    __arg2: (u8, u8),
) -> Result<Option<User>, Error> {
    let __cache = &(USERS);
    let __cache = __cache.__cache();
    let mut __key = __cache.__empty_key();
    __cache.__begin(&mut __key);
    load_user::__write(&mut __key, &id, &__arg2);
    let __call = __cache
        .__call(__cache.__kind::<Result<Option<User>, Error>, true>().__kind().__share())
        .__value_can_be_stored();
    let __looked = match __call.__hit(&__key) {
        ::core::result::Result::Ok(__returned) => return __returned,
        ::core::result::Result::Err(__looked) => __looked,
    };
    let __run = __call
        .__run(
            &__key,
            __looked,
            __cache
                .__policy()
                .__ttl_nanos(60000000000u64)
                .__max_wait_nanos(2500000000u64),
            move || load_user::uncached::<D>(db, id, __arg2),
        );
    let __run = ::core::pin::pin!(__run);
    __cache.__apart(__run).await
}
#[doc(hidden)]
#[allow(
    non_camel_case_types,
    dead_code,
    missing_docs,
    missing_debug_implementations,
    unnameable_types,
    unreachable_pub,
    clippy::exhaustive_structs,
    reason = "has the function's name"
)]
pub(crate) struct load_user {}
#[allow(
    dead_code,
    missing_docs,
    unused_lifetimes,
    unreachable_pub,
    unused_parens,
    clippy::all,
    clippy::pedantic,
    clippy::nursery,
    clippy::restriction,
    reason = "generated"
)]
impl load_user {
    #[inline]
    fn __write(__key: &mut ::aiocache::KeyBuf, id: &u64, __arg2: &(u8, u8)) {
        __key.__name_of::<load_user>(::core::module_path!(), "load_user", 2899088482u32);
        __key.__version(3u32);
        __key.__open();
        {
            let __v = __key.__of(&*id);
            __key.__arg(&*__v.__view());
        }
        {
            let __v = __key.__of(&*__arg2);
            __key.__arg(&*__v.__view());
        }
        __key.__end();
    }
    pub(crate) fn key(id: &u64, __arg2: &(u8, u8)) -> ::std::string::String {
        let __cache = &(USERS);
        let __cache = __cache.__cache();
        let mut __key = __cache.__empty_key();
        __cache.__begin(&mut __key);
        load_user::__write(&mut __key, &*id, &*__arg2);
        __cache.__stored(&__key)
    }
    pub(crate) async fn peek(
        id: &u64,
        __arg2: &(u8, u8),
    ) -> ::core::result::Result<
        ::core::option::Option<Result<Option<User>, Error>>,
        ::aiocache::Error,
    > {
        let __cache = &(USERS);
        let __cache = __cache.__cache();
        let mut __key = __cache.__empty_key();
        __cache.__begin(&mut __key);
        load_user::__write(&mut __key, &*id, &*__arg2);
        __cache
            .__call(
                __cache.__kind::<Result<Option<User>, Error>, true>().__kind().__share(),
            )
            .__value_can_be_stored()
            .__peek(&__key, __cache.__policy())
            .await
    }
    pub(crate) async fn set(
        id: &u64,
        __arg2: &(u8, u8),
        value: impl ::aiocache::__Prime<Result<Option<User>, Error>>,
    ) -> ::core::result::Result<(), ::aiocache::Error> {
        let __cache = &(USERS);
        let __cache = __cache.__cache();
        let mut __key = __cache.__empty_key();
        __cache.__begin(&mut __key);
        load_user::__write(&mut __key, &*id, &*__arg2);
        __cache
            .__call(
                __cache.__kind::<Result<Option<User>, Error>, true>().__kind().__share(),
            )
            .__value_can_be_stored()
            .__prime(
                &__key,
                __cache
                    .__policy()
                    .__ttl_nanos(60000000000u64)
                    .__max_wait_nanos(2500000000u64),
                value,
            )
            .await
    }
    pub(crate) async fn invalidate(
        id: &u64,
        __arg2: &(u8, u8),
    ) -> ::core::result::Result<bool, ::aiocache::Error> {
        let __cache = &(USERS);
        let __cache = __cache.__cache();
        let mut __key = __cache.__empty_key();
        __cache.__begin(&mut __key);
        load_user::__write(&mut __key, &*id, &*__arg2);
        __cache.__invalidate(&__key).await
    }
    #[doc(hidden)]
    pub(crate) fn __evict(
        id: &u64,
        __arg2: &(u8, u8),
    ) -> ::aiocache::__generated::Evicting {
        let __cache = &(USERS);
        let __cache = __cache.__cache();
        let mut __key = __cache.__empty_key();
        __cache.__begin(&mut __key);
        load_user::__write(&mut __key, &*id, &*__arg2);
        __cache.__evicting().__key(&__key).__later()
    }
    pub(crate) async fn refresh<D: Db>(
        db: &D,
        id: u64,
        __arg2: (u8, u8),
    ) -> Result<Option<User>, Error> {
        let __cache = &(USERS);
        let __cache = __cache.__cache();
        let mut __key = __cache.__empty_key();
        __cache.__begin(&mut __key);
        load_user::__write(&mut __key, &id, &__arg2);
        __cache
            .__call(
                __cache.__kind::<Result<Option<User>, Error>, true>().__kind().__share(),
            )
            .__value_can_be_stored()
            .__refresh(
                &__key,
                __cache
                    .__policy()
                    .__ttl_nanos(60000000000u64)
                    .__max_wait_nanos(2500000000u64),
                move || load_user::uncached::<D>(db, id, __arg2),
            )
            .await
    }
}
#[allow(
    dead_code,
    missing_docs,
    unreachable_pub,
    clippy::too_many_arguments,
    clippy::missing_errors_doc,
    clippy::missing_panics_doc,
    reason = "the function itself says it"
)]
impl load_user {
    pub(crate) async fn uncached<D: Db>(
        db: &D,
        id: u64,
        (a, b): (u8, u8),
    ) -> Result<Option<User>, Error> {
        db.load(id, a, b).await
    }
}
