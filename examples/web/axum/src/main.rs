//! cargo run -p aiocache-example-axum (in examples/web)
//!
//! A shop behind axum: `GET`, `PUT` and `DELETE /products/{id}`, and `GET /statistics`. `PORT` chooses the port.

use std::net::Ipv4Addr;

use axum::extract::{Path, Request, State};
use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::get;
use axum::{Json, Router};
use shop::{Database, Price, Product};
use tokio::net::TcpListener;

const X_CACHE: HeaderName = HeaderName::from_static("x-cache");

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let port = std::env::var("PORT").map_or(Ok(3000), |port| port.parse())?;
    let products = get(product)
        .layer(from_fn(cache_headers))
        .put(set_price)
        .delete(remove);
    let app = Router::new()
        .route("/products/{id}", products)
        .route("/statistics", get(statistics))
        .with_state(Database::open().await?);

    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    println!("http://{}", listener.local_addr()?);
    axum::serve(listener, app)
        .with_graceful_shutdown(async { tokio::signal::ctrl_c().await.expect("signals can be heard") })
        .await?;
    Ok(())
}

/// Obeys `Cache-Control: no-cache`, and answers with `X-Cache`: around a handler, which need not know of it.
async fn cache_headers(request: Request, next: Next) -> Response {
    let asked = request.headers().get(CACHE_CONTROL);
    let no_cache = shop::asks_for_no_cache(asked.and_then(|value| value.to_str().ok()));
    let (mut response, x_cache) = shop::answer(no_cache, next.run(request)).await;
    if let Some(x_cache) = x_cache {
        response
            .headers_mut()
            .insert(X_CACHE, HeaderValue::from_static(x_cache));
    }
    response
}

async fn product(State(database): State<Database>, Path(id): Path<i64>) -> Result<Json<Product>, StatusCode> {
    found(shop::product(&database, id).await)
}

async fn set_price(
    State(database): State<Database>,
    Path(id): Path<i64>,
    Json(price): Json<Price>,
) -> Result<Json<Product>, StatusCode> {
    found(shop::set_price(&database, id, price).await)
}

async fn remove(State(database): State<Database>, Path(id): Path<i64>) -> Result<StatusCode, StatusCode> {
    let removed = shop::remove(&database, id).await;
    if removed.map_err(|error| failed(&error))? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(StatusCode::NOT_FOUND)
    }
}

async fn statistics(State(database): State<Database>) -> String {
    shop::statistics(&database)
}

fn found(answer: Result<Option<Product>, shop::Error>) -> Result<Json<Product>, StatusCode> {
    let row = answer.map_err(|error| failed(&error))?;
    row.map(Json).ok_or(StatusCode::NOT_FOUND)
}

/// The log gets the reason, and the client does not.
fn failed(error: &shop::Error) -> StatusCode {
    eprintln!("the database: {error}");
    StatusCode::INTERNAL_SERVER_ERROR
}
