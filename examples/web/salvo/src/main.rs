//! cargo run -p aiocache-example-salvo (in examples/web)
//!
//! A shop behind salvo: `GET`, `PUT` and `DELETE /products/{id}`, and `GET /statistics`. `PORT` chooses the port.

use std::net::Ipv4Addr;

use salvo::affix_state;
use salvo::conn::TcpListener;
use salvo::extract::{JsonBody, PathParam};
use salvo::http::header::{CACHE_CONTROL, HeaderName, HeaderValue};
use salvo::http::{StatusCode, StatusError};
use salvo::writing::Json;
use salvo::{Depot, FlowCtrl, Listener, Request, Response, Router, Server, Writer, handler};
use shop::{Database, Price, Product};

const X_CACHE: HeaderName = HeaderName::from_static("x-cache");

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let port = std::env::var("PORT").map_or(Ok(3000), |port| port.parse())?;
    let products = Router::with_path("products/{id}")
        .push(Router::with_hoop(cache_headers).get(product))
        .put(set_price)
        .delete(remove);
    let router = Router::new()
        .hoop(affix_state::inject(Database::open().await?))
        .push(products)
        .push(Router::with_path("statistics").get(statistics));

    let acceptor = TcpListener::new((Ipv4Addr::LOCALHOST, port)).try_bind().await?;
    println!("http://{}", acceptor.inner().local_addr()?);
    let server = Server::new(acceptor);
    let handle = server.handle();
    tokio::spawn(async move {
        tokio::signal::ctrl_c().await.expect("signals can be heard");
        handle.stop_graceful(None);
    });
    Ok(server.try_serve(router).await?)
}

/// Obeys `Cache-Control: no-cache`, and answers with `X-Cache`: around a handler, which need not know of it.
#[handler]
async fn cache_headers(
    request: &mut Request,
    depot: &mut Depot,
    response: &mut Response,
    rest: &mut FlowCtrl,
) {
    let asked = request.headers().get(CACHE_CONTROL);
    let no_cache = shop::asks_for_no_cache(asked.and_then(|value| value.to_str().ok()));
    let (_, x_cache) = shop::answer(no_cache, rest.call_next(request, depot, response)).await;
    if let Some(x_cache) = x_cache {
        response
            .headers_mut()
            .insert(X_CACHE, HeaderValue::from_static(x_cache));
    }
}

#[handler]
async fn product(id: PathParam<i64>, depot: &Depot) -> Result<Json<Product>, StatusError> {
    found(shop::product(database(depot), *id).await)
}

#[handler]
async fn set_price(
    id: PathParam<i64>,
    price: JsonBody<Price>,
    depot: &Depot,
) -> Result<Json<Product>, StatusError> {
    found(shop::set_price(database(depot), *id, *price).await)
}

#[handler]
async fn remove(id: PathParam<i64>, depot: &Depot) -> Result<StatusCode, StatusError> {
    let removed = shop::remove(database(depot), *id).await;
    if removed.map_err(|error| failed(&error))? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(StatusError::not_found())
    }
}

#[handler]
async fn statistics(depot: &Depot) -> String {
    shop::statistics(database(depot))
}

fn database(depot: &Depot) -> &Database {
    depot.get_typed().expect("the outermost router injects it")
}

fn found(answer: Result<Option<Product>, shop::Error>) -> Result<Json<Product>, StatusError> {
    let row = answer.map_err(|error| failed(&error))?;
    row.map(Json).ok_or_else(StatusError::not_found)
}

/// The log gets the reason, and the client does not.
fn failed(error: &shop::Error) -> StatusError {
    eprintln!("the database: {error}");
    StatusError::internal_server_error()
}
