async fn load(&self, ids: HashSet<u64>, lang: String) -> HashMap<u64, User> {
    let __cache = &(self.cache);
    let __cache = __cache.__cache();
    __cache
        .__bulk(__cache.__bulk_kind::<HashMap<u64, User>, false>().__kind().__share())
        .__pairs_are_returned()
        .__value_can_be_stored()
        .__run(
            ids,
            |__key, __id| {
                __key.__built((build)(__id, &*self, &lang));
            },
            |__key, __id| {
                __key.__built((build)(__id, &*self, &lang));
            },
            __cache.__for_many(__cache.__policy().__ttl(self.ttl())),
            |__missing| {
                let lang = ::core::clone::Clone::clone(&lang);
                async move {
                    #[allow(
                        unreachable_code,
                        clippy::all,
                        clippy::pedantic,
                        clippy::nursery,
                        reason = "never runs: it names the type"
                    )]
                    if false {
                        let __returned: HashMap<u64, User> = loop {};
                        return __returned;
                    }
                    let mut ids: HashSet<u64> = ::core::iter::Iterator::collect(
                        ::core::iter::IntoIterator::into_iter(__missing),
                    );
                    self.db.load(ids, lang).await
                }
            },
        )
        .await
}
