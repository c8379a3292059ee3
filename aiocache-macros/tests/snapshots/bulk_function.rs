pub async fn load_users(
    state: App,
    ids: &[u64],
    lang: String,
) -> Result<HashMap<u64, User>, Error> {
    let __cache = &{ (state.cache).__handle() };
    let __cache = __cache.__cache();
    __cache
        .__bulk(
            __cache
                .__bulk_kind::<Result<HashMap<u64, User>, Error>, false>()
                .__kind()
                .__share(),
        )
        .__pairs_are_returned()
        .__value_can_be_stored()
        .__run(
            ids.iter().cloned(),
            |__key, __id| {
                __key
                    .__name_of::<
                        load_users,
                    >(::core::module_path!(), "load_users", 694924275u32);
                __key.__open();
                {
                    let __v = __key.__of(__id);
                    __key.__arg(&*__v.__view());
                }
                {
                    let __v = __key.__of(&lang);
                    __key.__arg(&*__v.__view());
                }
                __key.__end();
            },
            |__key, __id| {
                __key
                    .__name_of::<
                        load_users,
                    >(::core::module_path!(), "load_users", 694924275u32);
                __key.__open();
                {
                    let __v = __key.__of(__id);
                    __key.__arg(&*__v.__view());
                }
                {
                    let __v = __key.__of(&lang);
                    __key.__arg(&*__v.__view());
                }
                __key.__end();
            },
            __cache.__for_many(__cache.__policy().__ttl_never()),
            |__missing| {
                let state = ::core::clone::Clone::clone(&state);
                let lang = ::core::clone::Clone::clone(&lang);
                async move { load_users::uncached(state, &__missing[..], lang).await }
            },
        )
        .await
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
pub struct load_users {}
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
impl load_users {
    pub fn key(ids: &u64, state: &App, lang: &String) -> ::std::string::String {
        let __cache = &(state.cache);
        let __cache = __cache.__cache();
        let mut __key = __cache.__key();
        __key
            .__name_of::<load_users>(::core::module_path!(), "load_users", 694924275u32);
        __key.__open();
        {
            let __v = __key.__of(ids);
            __key.__arg(&*__v.__view());
        }
        {
            let __v = __key.__of(&*lang);
            __key.__arg(&*__v.__view());
        }
        __key.__end();
        __cache.__stored(&__key)
    }
    #[doc(hidden)]
    pub fn __evict(
        ids: &u64,
        state: &App,
        lang: &String,
    ) -> ::aiocache::__generated::Evicting {
        let __cache = &(state.cache);
        let __cache = __cache.__cache();
        let mut __key = __cache.__key();
        __key
            .__name_of::<load_users>(::core::module_path!(), "load_users", 694924275u32);
        __key.__open();
        {
            let __v = __key.__of(ids);
            __key.__arg(&*__v.__view());
        }
        {
            let __v = __key.__of(&*lang);
            __key.__arg(&*__v.__view());
        }
        __key.__end();
        __cache.__evicting().__key(&__key).__later()
    }
    pub async fn peek(
        ids: &[u64],
        state: &App,
        lang: &String,
    ) -> ::core::result::Result<HashMap<u64, User>, ::aiocache::Error> {
        let __cache = &(state.cache);
        let __cache = __cache.__cache();
        __cache
            .__bulk(
                __cache
                    .__bulk_kind::<Result<HashMap<u64, User>, Error>, false>()
                    .__kind()
                    .__share(),
            )
            .__pairs_are_returned()
            .__value_can_be_stored()
            .__peek(
                ids.iter().cloned(),
                |__key, __id| {
                    __key
                        .__name_of::<
                            load_users,
                        >(::core::module_path!(), "load_users", 694924275u32);
                    __key.__open();
                    {
                        let __v = __key.__of(__id);
                        __key.__arg(&*__v.__view());
                    }
                    {
                        let __v = __key.__of(&*lang);
                        __key.__arg(&*__v.__view());
                    }
                    __key.__end();
                },
                |__key, __id| {
                    __key
                        .__name_of::<
                            load_users,
                        >(::core::module_path!(), "load_users", 694924275u32);
                    __key.__open();
                    {
                        let __v = __key.__of(__id);
                        __key.__arg(&*__v.__view());
                    }
                    {
                        let __v = __key.__of(&*lang);
                        __key.__arg(&*__v.__view());
                    }
                    __key.__end();
                },
                __cache.__for_many(__cache.__policy()),
            )
            .await
    }
    pub async fn set(
        pairs: HashMap<u64, User>,
        state: &App,
        lang: &String,
    ) -> ::core::result::Result<(), ::aiocache::Error> {
        let __cache = &(state.cache);
        let __cache = __cache.__cache();
        __cache
            .__bulk(
                __cache
                    .__bulk_kind::<Result<HashMap<u64, User>, Error>, false>()
                    .__kind()
                    .__share(),
            )
            .__pairs_are_returned()
            .__value_can_be_stored()
            .__prime(
                pairs,
                |__key, __id| {
                    __key
                        .__name_of::<
                            load_users,
                        >(::core::module_path!(), "load_users", 694924275u32);
                    __key.__open();
                    {
                        let __v = __key.__of(__id);
                        __key.__arg(&*__v.__view());
                    }
                    {
                        let __v = __key.__of(&*lang);
                        __key.__arg(&*__v.__view());
                    }
                    __key.__end();
                },
                __cache.__for_many(__cache.__policy().__ttl_never()),
            )
            .await
    }
    pub async fn invalidate(
        ids: &[u64],
        state: &App,
        lang: &String,
    ) -> ::core::result::Result<u64, ::aiocache::Error> {
        let __cache = &(state.cache);
        let __cache = __cache.__cache();
        __cache
            .__bulk(
                __cache
                    .__bulk_kind::<Result<HashMap<u64, User>, Error>, false>()
                    .__kind()
                    .__share(),
            )
            .__pairs_are_returned()
            .__value_can_be_stored()
            .__invalidate(
                ids.iter().cloned(),
                |__key, __id| {
                    __key
                        .__name_of::<
                            load_users,
                        >(::core::module_path!(), "load_users", 694924275u32);
                    __key.__open();
                    {
                        let __v = __key.__of(__id);
                        __key.__arg(&*__v.__view());
                    }
                    {
                        let __v = __key.__of(&*lang);
                        __key.__arg(&*__v.__view());
                    }
                    __key.__end();
                },
            )
            .await
    }
    pub async fn refresh(
        state: App,
        ids: &[u64],
        lang: String,
    ) -> Result<HashMap<u64, User>, Error> {
        let __cache = &{ (state.cache).__handle() };
        let __cache = __cache.__cache();
        __cache
            .__bulk(
                __cache
                    .__bulk_kind::<Result<HashMap<u64, User>, Error>, false>()
                    .__kind()
                    .__share(),
            )
            .__pairs_are_returned()
            .__value_can_be_stored()
            .__refresh(
                ids.iter().cloned(),
                |__key, __id| {
                    __key
                        .__name_of::<
                            load_users,
                        >(::core::module_path!(), "load_users", 694924275u32);
                    __key.__open();
                    {
                        let __v = __key.__of(__id);
                        __key.__arg(&*__v.__view());
                    }
                    {
                        let __v = __key.__of(&lang);
                        __key.__arg(&*__v.__view());
                    }
                    __key.__end();
                },
                |__key, __id| {
                    __key
                        .__name_of::<
                            load_users,
                        >(::core::module_path!(), "load_users", 694924275u32);
                    __key.__open();
                    {
                        let __v = __key.__of(__id);
                        __key.__arg(&*__v.__view());
                    }
                    {
                        let __v = __key.__of(&lang);
                        __key.__arg(&*__v.__view());
                    }
                    __key.__end();
                },
                __cache.__for_many(__cache.__policy().__ttl_never()),
                |__missing| {
                    let state = ::core::clone::Clone::clone(&state);
                    let lang = ::core::clone::Clone::clone(&lang);
                    async move {
                        load_users::uncached(state, &__missing[..], lang).await
                    }
                },
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
impl load_users {
    pub async fn uncached(
        state: App,
        ids: &[u64],
        lang: String,
    ) -> Result<HashMap<u64, User>, Error> {
        let _ = &state;
        state.db.load(ids, lang).await
    }
}
